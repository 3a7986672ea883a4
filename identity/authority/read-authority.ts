import type { AskedQuorum } from "../../audit/read/log-info.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import {
  behind,
  keyLogOf,
  notWitnessed,
  readKeyLogHead,
  type KeyLogHead,
} from "../transparency/key-log.ts";
import {
  awaitSigned,
  proveEntries,
  type KeyLogDeps,
  type ProvenEntry,
} from "../transparency/read-key-history.ts";

/** The key log's entries about the keys of the tenant's authority, by version. */
export interface LoggedAuthorityKeys extends KeyLogHead {
  readonly entries: readonly ProvenEntry[];
}

const WAITING = `
  select from authority_entries join audit.entries on entries.id = authority_entries.entry
  left join audit.leaves on leaves.entry = authority_entries.entry and leaves.log = $1
  where not coalesce(
    leaves.index < (select max(size) from audit.checkpoints where log = $1), false)
  limit 1`;
const BEYOND = `
  select from authority_entries
  join audit.leaves on leaves.entry = authority_entries.entry and leaves.log = $1
  where leaves.index >= $2 limit 1`;
const ENTRIES = `
  select leaves.index, entries.entry
  from authority_entries
  join audit.entries on entries.id = authority_entries.entry
  join audit.leaves on leaves.entry = authority_entries.entry and leaves.log = $1
  where leaves.index < $2 order by version`;

/**
 * Returns what the key log says of the authority's keys, with proofs under its newest head. It waits
 * for entries that are not integrated yet.
 * @param asked take the newest head that a quorum of these witnesses cosigned
 * @throws IdentityError key_log_behind; key_log_not_witnessed: an entry is not under such a head yet
 */
export async function readAuthorityKeys(
  deps: KeyLogDeps,
  { tenant }: Actor,
  asked?: AskedQuorum,
): Promise<LoggedAuthorityKeys> {
  await awaitSigned(deps, tenant, { sql: WAITING });
  return inTransaction(deps.pool, tenant, async (client) => {
    const head = await readKeyLogHead(client, tenant, deps.logKey, asked);
    // A head without the newest key would show a former one as the present one.
    const beyond = await client.query(BEYOND, [keyLogOf(tenant), head.size]);
    if (beyond.rowCount === 1) throw asked === undefined ? behind() : notWitnessed();
    const { rows } = await client.query<Pick<ProvenEntry, "index" | "entry">>(ENTRIES, [
      keyLogOf(tenant),
      head.size,
    ]);
    return { ...head, entries: await proveEntries(client, tenant, head.size, rows) };
  });
}
