import { setTimeout as pause } from "node:timers/promises";
import { nodeChecks } from "../../audit/node-checks.ts";
import type { AskedQuorum } from "../../audit/read/log-info.ts";
import { tileRows } from "../../audit/read/tile-rows.ts";
import { rangeRoots } from "../../audit/verify/log-source.ts";
import { inclusionProof } from "../../audit/verify/proofs.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { ListSignature } from "../../crypto/wire/device-list.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Actor } from "../../policies/actor.ts";
import { audited, auditRefusals, type UseCase } from "../audited.ts";
import { assertReadable } from "../directory/assert-readable.ts";
import { behind, keyLogOf, notWitnessed, readKeyLogHead, type KeyLogHead } from "./key-log.ts";

/** An entry about one user, with the path from it to the head's root. */
export interface ProvenEntry {
  readonly index: number;
  readonly entry: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

export interface KeyHistory extends KeyLogHead {
  readonly user: UserId;
  /** One page of the entries, by version. */
  readonly entries: readonly ProvenEntry[];
  /** The newest list that a device of the account signed. Null if there is none. */
  readonly list: ListSignature | null;
  /** True if entries of later versions follow. */
  readonly more: boolean;
}

export interface HistoryPage {
  /** The last version of the page before. */
  readonly after?: number | undefined;
  readonly cosigned?: AskedQuorum | undefined;
}

export interface KeyLogDeps extends UseCase {
  /** The key that signs the logs: Ed25519, 32 bytes. */
  readonly logKey: Uint8Array;
  /** The time that a request waits for entries to be integrated and signed. */
  readonly patienceMs?: number;
}

/** Entries are integrated and signed within a second, usually within a tenth. */
const PATIENCE_MS = 5_000;
const BETWEEN_LOOKS_MS = 50;

const WAITING = `
  select from key_entries join audit.entries on entries.id = key_entries.entry
  left join audit.leaves on leaves.entry = key_entries.entry and leaves.log = $1
  where user_id = $2 and not coalesce(
    leaves.index < (select max(size) from audit.checkpoints where log = $1), false)
  limit 1`;
const BEYOND = `
  select from key_entries join audit.leaves on leaves.entry = key_entries.entry and leaves.log = $2
  where user_id = $1 and leaves.index >= $3 limit 1`;
const ENTRIES = `
  select leaves.index, entries.entry
  from key_entries
  join audit.entries on entries.id = key_entries.entry
  join audit.leaves on leaves.entry = key_entries.entry and leaves.log = $2
  where user_id = $1 and leaves.index < $3 and version > $4 and version <= $5
  order by version limit $6`;
/** One statement, so that the list is that after the last of the entries. */
const LIST = `
  select (select coalesce(max(version), 0) from key_entries where user_id = $1) as entries,
    version, issued_at_ms as "issuedAtMs", valid_until_ms as "validUntilMs",
    signed_by as "signedBy", signature
  from (values (1)) as one left join device_lists on user_id = $1`;
/** The number of entries in an answer. Each comes with a proof of about a kilobyte. */
const PAGE = 100;

/**
 * Returns the key log's entries about a user after version `after`, at most 100 with proofs under
 * its newest head. It waits for entries that are not integrated yet. Every user who may read a
 * user's devices may read this. Reading another user's history is audited.
 * @param page.cosigned answer under the newest head that a quorum of these witnesses cosigned. It
 *   does not wait for cosignatures
 * @throws IdentityError user_not_found, forbidden, key_log_behind; key_log_not_witnessed: an entry
 *   is not under such a head yet
 */
export async function readKeyHistory(
  deps: KeyLogDeps,
  actor: Actor,
  user: UserId,
  page: HistoryPage = {},
): Promise<KeyHistory> {
  await awaitSigned(deps, actor.tenant, { sql: WAITING, values: [user] });
  if (page.cosigned !== undefined) await assertWitnessed(deps, actor.tenant, user, page.cosigned);
  const act = {
    action: "keys.read_history",
    resource: { type: "user", id: user },
  } as const;
  const read = (client: Client) => readHistory(client, deps.logKey, actor, { user, ...page });
  // Reading your own history is not audited.
  if (user === actor.user)
    return auditRefusals(deps, actor, act, () => inTransaction(deps.pool, actor.tenant, read));
  return audited(deps, actor, { ...act, subject: user }, read);
}

/**
 * Waits until all entries that an answer needs are integrated and signed.
 * @param waiting finds one that is not. Its first parameter is the log, and its others are `values`
 * @throws IdentityError key_log_behind
 */
export async function awaitSigned(
  { pool, patienceMs = PATIENCE_MS }: KeyLogDeps,
  tenant: TenantId,
  { sql, values = [] }: { readonly sql: string; readonly values?: readonly unknown[] },
): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const waiting = await inTransaction(
      pool,
      tenant,
      async (client) => (await client.query(sql, [keyLogOf(tenant), ...values])).rowCount === 1,
    );
    if (!waiting) return;
    if (performance.now() >= untilMs) throw behind();
    await pause(BETWEEN_LOOKS_MS);
  }
}

/** Such a refusal is not audited: devices ask every second until the witnesses answer. */
const assertWitnessed = (
  { pool, logKey }: KeyLogDeps,
  tenant: TenantId,
  user: UserId,
  asked: AskedQuorum,
): Promise<void> =>
  inTransaction(pool, tenant, async (client) => {
    const { size } = await readKeyLogHead(client, tenant, logKey, asked);
    const beyond = await client.query(BEYOND, [user, keyLogOf(tenant), size]);
    if (beyond.rowCount === 1) throw notWitnessed();
  });
interface ListRow extends ListSignature {
  readonly entries: number;
}
type NoListRow = { readonly [name in keyof ListSignature]: null } & Pick<ListRow, "entries">;

/** Returns the number of the user's entries, and the account's newest list. */
async function readList(client: Client, user: UserId) {
  const { rows } = await client.query<ListRow | NoListRow>(LIST, [user]);
  const { entries: total = 0, ...list } = rows[0] ?? { version: null };
  return { total, list: list.version === null ? null : list };
}

async function readHistory(
  client: Client,
  logKey: Uint8Array,
  actor: Actor,
  { user, after = 0, cosigned }: HistoryPage & { readonly user: UserId },
): Promise<KeyHistory> {
  await assertReadable(client, actor, user);
  const log = keyLogOf(actor.tenant);
  const { total, list } = await readList(client, user);
  const head = await readKeyLogHead(client, actor.tenant, logKey, cosigned);
  const { rows } = await client.query<{ index: number; entry: Uint8Array }>(ENTRIES, [
    user,
    log,
    head.size,
    after,
    total,
    PAGE + 1,
  ]);
  const isWhole = rows.length > PAGE || after + rows.length >= total;
  if (!isWhole) throw behind();
  const entries = await proveEntries(client, actor.tenant, head.size, rows.slice(0, PAGE));
  return { user, ...head, entries, list, more: rows.length > PAGE };
}

/** Adds to each entry the path from it to the root of the key log's tree of `size`. */
export function proveEntries(
  client: Client,
  tenant: TenantId,
  size: number,
  entries: readonly Pick<ProvenEntry, "index" | "entry">[],
): Promise<readonly ProvenEntry[]> {
  const roots = rangeRoots(nodeChecks.sha256, tileRows(client, keyLogOf(tenant)), size);
  return Promise.all(
    entries.map(async ({ index, entry }): Promise<ProvenEntry> => {
      return { index, entry, proof: await inclusionProof(roots, index, size) };
    }),
  );
}
