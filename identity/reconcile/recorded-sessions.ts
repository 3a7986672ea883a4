import { z } from "zod";
import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import type { Role } from "../../policies/actor.ts";
import { SIGNED_IN_ELSEWHERE } from "../../policies/second-factor.ts";
import { SESSION_LIFETIME_MS } from "../../policies/session-lifetime.ts";
import type { Difference } from "./difference.ts";

/** What the log says about an open session. */
interface RecordedSession {
  readonly user: string;
  /** The name of the identity provider that opened it. */
  readonly provider: unknown;
  readonly method: string | undefined;
  /** The role that the account has now. */
  readonly role: unknown;
  readonly words: readonly string[];
  /** The last time at which the second factor was proved in it, in milliseconds since the Unix epoch. */
  readonly provenAtMs: number | undefined;
  readonly createdAtMs: number;
  readonly index: number | undefined;
}

const CUSTOMER: Role = "customer";
const ENDS_ONE: ReadonlySet<string> = new Set(["session.revoke", "session.log_off"]);
const ENDS_OTHERS: ReadonlySet<string> = new Set(["user.change_password", "user.confirm_factor"]);
/** They end the other sessions of the account if the entry counts any. */
const ENDS_COUNTED: ReadonlySet<string> = new Set([
  "user.add_passkey",
  "user.remove_factor",
  "user.remove_passkey",
]);
const ENDS_ALL: ReadonlySet<string> = new Set([
  "account.reset",
  "break_glass.end",
  "user.disable",
  "user.reset_factor",
  "user.reset_password",
  "user.set_password",
]);
/** A link to another person ends the sessions that a provider opened; the removal of a provider ends its own. */
const LINKS = "user.link_identity";
const REMOVES = "tenant.remove_identity_provider";
/** The removal of a device ends the sessions that its entry lists. */
const REVOKES = "device.revoke";
/** A role that must have a second factor from now on loses the sessions without one, if the entry counts any. */
const REQUIRES = "tenant.set_second_factor";
const SETS_ROLE = "user.set_role";
const removedDevice = z.looseObject({ sessions: z.array(z.string()) });
const PROVES: ReadonlySet<string> = new Set([
  "session.step_up",
  "user.add_passkey",
  "user.confirm_factor",
]);
const ACTIONS: ReadonlySet<string> = new Set([
  "session.create",
  LINKS,
  REMOVES,
  REVOKES,
  REQUIRES,
  SETS_ROLE,
  ...ENDS_ONE,
  ...ENDS_OTHERS,
  ...ENDS_COUNTED,
  ...ENDS_ALL,
  ...PROVES,
]);

/** Returns whether entries of this action say something about sessions. */
export const saysSessions = (action: string): boolean => ACTIONS.has(action);

const wordsOf = (session: { user: string; method: string | undefined; expiresAtMs: number }) => [
  `account ${session.user}`,
  `by ${session.method}`,
  `until ${session.expiresAtMs}`,
];
const provenWord = (atMs: number): string => `second factor at ${atMs}`;

/** Sessions that ended by themselves are kept for longer, because the clocks of nodes differ. */
const KEPT_MS = 2 * SESSION_LIFETIME_MS;

/** The sessions of staff that are open, as a log says, by id. Those that have ended by themselves are forgotten. */
export class RecordedSessions extends Map<string, RecordedSession> {
  /** Takes an entry of an act that was done. */
  add(entry: LoggedEntry, index: number | undefined): void {
    const { action, resource, session, occurredAtMs } = entry;
    if (action === "session.create") this.#open(entry, index);
    if (ENDS_ONE.has(action)) this.delete(resource.id);
    if (ENDS_ALL.has(action)) this.#endOf(accountOf(entry), undefined);
    const isCounted = ENDS_COUNTED.has(action) && Number(entry.details?.["sessions"] ?? 0) > 0;
    if (ENDS_OTHERS.has(action) || isCounted) this.#endOf(accountOf(entry), session);
    if (action === LINKS)
      this.#endWhere(({ user, provider }) => provider !== undefined && user === accountOf(entry));
    if (action === REMOVES)
      this.#endWhere(({ provider }) => provider === entry.details?.["provider"]);
    if (action === SETS_ROLE) this.#setRole(accountOf(entry), entry.details?.["role"]);
    if (action === REQUIRES && Number(entry.details?.["sessions"] ?? 0) > 0)
      this.#endWhere(
        ({ role, method, provenAtMs }) =>
          role === entry.details?.["role"] &&
          provenAtMs === undefined &&
          !SIGNED_IN_ELSEWHERE.includes(String(method)),
      );
    const { data: removal } = removedDevice.safeParse(entry.details);
    if (action === REVOKES) for (const id of removal?.sessions ?? []) this.delete(id);
    const own = session === undefined ? undefined : this.get(session);
    if (session !== undefined && own !== undefined && PROVES.has(action))
      this.set(session, { ...own, provenAtMs: occurredAtMs, index });
  }

  #open(entry: LoggedEntry, index: number | undefined): void {
    const { actor, resource, method, occurredAtMs, details = {} } = entry;
    for (const [id, { createdAtMs }] of this) {
      if (createdAtMs + KEPT_MS > occurredAtMs) break;
      this.delete(id);
    }
    if (actor.role === CUSTOMER) return;
    const expiresAtMs = occurredAtMs + SESSION_LIFETIME_MS;
    this.set(resource.id, {
      user: actor.id,
      provider: details["provider"],
      method,
      role: actor.role,
      words: wordsOf({ user: actor.id, method, expiresAtMs }),
      provenAtMs: details["factor"] === undefined ? undefined : occurredAtMs,
      createdAtMs: occurredAtMs,
      index,
    });
  }

  #setRole(account: string, role: unknown): void {
    for (const [id, session] of this)
      if (session.user === account) this.set(id, { ...session, role });
  }

  #endOf(account: string, except: string | undefined): void {
    this.#endWhere(({ user }, id) => user === account && id !== except);
  }

  #endWhere(isEnded: (session: RecordedSession, id: string) => boolean): void {
    for (const [id, session] of this) if (isEnded(session, id)) this.delete(id);
  }
}

const accountOf = ({ subject, resource }: LoggedEntry): string => subject ?? resource.id;

/** A session of staff that is open. Times are milliseconds since the Unix epoch. */
export interface StoredSession {
  readonly id: string;
  readonly user: string;
  readonly method: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly provenAtMs: number | null;
}

const SESSIONS = `
  select s.id, s.user_id as user, s.method, s.created_at_ms as "createdAtMs", s.expires_at_ms as "expiresAtMs",
    s.factor_at_ms as "provenAtMs"
  from users u join sessions s on s.tenant = u.tenant and s.user_id = u.id
  where u.role <> $1 and s.revoked_at_ms is null and s.expires_at_ms > sealdesk.database_now_ms()
  order by s.id`;

/** Returns the open sessions of staff of the tenant to which the transaction is fenced. */
export async function readStoredSessions(client: Client): Promise<readonly StoredSession[]> {
  const { rows } = await client.query<StoredSession>(SESSIONS, [CUSTOMER]);
  return rows;
}

/**
 * Compares open sessions with the log. A session that the log knows and that is gone gives nobody a right, so it is no
 * difference: many acts end all sessions of an account.
 */
export function compareSessions(
  recorded: RecordedSessions,
  stored: readonly StoredSession[],
  prunedBeforeMs: number | undefined,
): readonly Difference[] {
  return stored.flatMap((row): readonly Difference[] => {
    const said = recorded.get(row.id);
    if (said === undefined && prunedBeforeMs !== undefined && row.createdAtMs < prunedBeforeMs)
      return [];
    const words = wordsOf(row);
    const proof = row.provenAtMs === null ? [] : [provenWord(row.provenAtMs)];
    const saidProof = said?.provenAtMs === undefined ? [] : [provenWord(said.provenAtMs)];
    const isProven = (row.provenAtMs ?? -Infinity) <= (said?.provenAtMs ?? -Infinity);
    if (said !== undefined && isProven && words.join("\n") === said.words.join("\n")) return [];
    return [
      {
        place: `sealdesk.sessions ${row.id}`,
        stored: [...words, ...proof],
        recorded: said && { values: [...said.words, ...saidProof], index: said.index },
      },
    ];
  });
}
