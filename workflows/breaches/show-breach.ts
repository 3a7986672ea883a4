import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import type { Clock } from "../../policies/breach/clocks.ts";
import type { Exposure } from "../../policies/breach/exposure.ts";
import { decideBreach } from "../../policies/breaches.ts";
import type { Case } from "../cases/stored-case.ts";
import {
  ofBreach,
  readBreach,
  readBreachState,
  runbookFor,
  type Breach,
  type StoredNotice,
  type Verdict,
} from "./breach-rows.ts";
import { lettersOf, type Letter } from "./letters.ts";

/** A breach, what it exposes, and what is left to do. */
export interface ShownBreach extends Breach {
  /** Null until all accounts are assessed. */
  readonly verdict: Verdict | null;
  readonly clocks: readonly Clock[];
  readonly notices: readonly StoredNotice[];
  readonly runbook: ReturnType<typeof runbookFor>;
  /** Drafts, one for each audience that a duty names. */
  readonly letters: readonly Letter[];
}

/** Returns a breach. @throws WorkflowError case_not_found; IdentityError forbidden */
export function showBreach(deps: UseCase, party: Party, id: CaseId): Promise<ShownBreach> {
  const act = { action: "breach.read", resource: ofBreach(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party) };
    note(assertParty(party, (actor) => decideBreach(actor, "read", facts)));
    const nowMs = await readDatabaseClock(client);
    const { breach, verdict, notices, clocks } = await readBreachState(client, id, nowMs);
    const { rows } = await client.query<{ name: string }>(
      "select name from tenants where id = $1",
      [facts.tenant],
    );
    const organisation = rows[0]?.name ?? "";
    const runbook = runbookFor(breach);
    return {
      ...breach,
      verdict: verdict ?? null,
      clocks,
      notices,
      runbook,
      letters: lettersOf({ organisation, breach, verdict, clocks, runbook }),
    };
  });
}

/** The breaches of a list. */
const MOST_LISTED = 200;

/** A breach in the list. */
type ListedBreach = Pick<Case, "id" | "state" | "openedAtMs" | "dueAtMs" | "endedAtMs"> &
  Pick<Breach, "description">;

/** Returns the last 200 breaches, the newest first. @throws IdentityError forbidden */
export function listBreaches(deps: UseCase, party: Party): Promise<readonly ListedBreach[]> {
  const tenant = tenantOf(party);
  const act = { action: "breach.list", resource: { type: "breach", id: tenant } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideBreach(actor, "read", { tenant }));
    const { rows } = await client.query<ListedBreach>(
      `select c.id, c.state, c.opened_at_ms as "openedAtMs", c.due_at_ms as "dueAtMs", c.ended_at_ms as "endedAtMs",
         b.description
       from breaches b join cases c on c.tenant = b.tenant and c.id = b.case_id
       order by c.opened_at_ms desc, c.id desc limit ${MOST_LISTED}`,
    );
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}

/** The accounts of a page. */
const PAGE = 1_000;

/** An account, and what is exposed about it. */
interface ExposedSubject {
  readonly subject: UserId;
  readonly exposures: readonly Exposure[];
}

/** A page of accounts by their ids, which are pseudonyms. */
export interface SubjectPage {
  readonly subjects: readonly ExposedSubject[];
  /** The last account of the page; null if no other follows. */
  readonly next: UserId | null;
}

/**
 * Returns a page of the accounts about which something is exposed.
 * @param asked.after the last account of the page before
 * @throws WorkflowError case_not_found; IdentityError forbidden
 */
export function listExposedSubjects(
  deps: UseCase,
  party: Party,
  { id, after }: { readonly id: CaseId; readonly after?: UserId | undefined },
): Promise<SubjectPage> {
  const act = { action: "breach.read_subjects", resource: ofBreach(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party) };
    const decided = assertParty(party, (actor) => decideBreach(actor, "read", facts));
    await readBreach(client, id);
    const { rows } = await client.query<ExposedSubject>(
      `select subject, exposures from breach_subjects
       where case_id = $1 and ($2::uuid is null or subject > $2) order by subject limit ${PAGE + 1}`,
      [id, after ?? null],
    );
    const subjects = rows.slice(0, PAGE);
    note({ ...decided, details: { found: subjects.length } });
    return { subjects, next: rows.length > PAGE ? (subjects.at(-1)?.subject ?? null) : null };
  });
}
