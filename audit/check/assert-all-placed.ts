import type { Pool } from "../../db/pool.ts";
import { altered, keptOut } from "../audit-error.ts";
import { asIntegrator } from "./as-integrator.ts";

const AT_ONCE = 4_096;

// An entry and its pending row commit together, and its place replaces the pending row in one
// transaction. So one statement sees each entry in one of the two. A place in another log, or in one that
// was never begun, is none.
const UNPLACED = `
  with stored as (
    select entries.id, coalesce(origin, tenant::text) as origin, pending.entry is null
      and (logs.id is null or leaves.entry is null) as "isUnplaced"
    from (select id, tenant from audit.entries where id > $1 order by id limit $2) as entries
    left join audit.leaves on leaves.entry = entries.id and leaves.log = entries.tenant
    left join audit.pending on pending.entry = entries.id
    left join audit.logs on logs.id = entries.tenant
  )
  select count(*)::int as read, max(id) as last, min(id) filter (where "isUnplaced") as unplaced,
    (array_agg(origin order by id) filter (where "isUnplaced"))[1] as origin
  from stored`;
// Places and their tree commit together.
const BEYOND = `
  select origin, size, index from audit.logs
  cross join lateral (
    select coalesce(max(size), 0) as size from audit.trees where log = id
  ) as tree
  cross join lateral (
    select index from audit.leaves where log = id and index >= size order by index limit 1
  ) as beyond
  limit 1`;

interface BeyondRow {
  readonly origin: string;
  /** The number of entries that the log has. */
  readonly size: number;
  readonly index: number;
}

interface UnplacedRow {
  readonly read: number;
  readonly last: number | null;
  readonly unplaced: number | null;
  readonly origin: string | null;
}

/**
 * Requires that each stored entry has a place in its log or waits for one, and that no place is beyond the
 * end of its log. An entry without a place was kept out of the log, for example by switching a trigger off.
 * @param onRead called with the number of entries that were read
 * @throws AuditError audit_log_altered
 */
export async function assertAllPlaced(
  pool: Pool,
  onRead: (entries: number) => Promise<void>,
): Promise<void> {
  await assertNoneBeyond(pool);
  for (let after = 0; ;) {
    const row = await asIntegrator(pool, async (client) => {
      const { rows } = await client.query<UnplacedRow>(UNPLACED, [after, AT_ONCE]);
      return rows[0];
    });
    if (row === undefined || row.last === null) return;
    if (row.unplaced !== null)
      throw keptOut(
        row.origin ?? "",
        `The stored entry ${row.unplaced} has no place in the log and does not wait for one.`,
      );
    await onRead(row.read);
    after = row.last;
  }
}

async function assertNoneBeyond(pool: Pool): Promise<void> {
  const { rows } = await asIntegrator(pool, (client) => client.query<BeyondRow>(BEYOND));
  const [row] = rows;
  if (row === undefined) return;
  throw altered(
    row.origin,
    `The log has ${row.size} entries, but somebody invented a place for an entry ${row.index}.`,
    {
      advice:
        "Remove the row from audit.leaves, and find out who added it: see docs/audit.md, “When the log was altered”.",
    },
  );
}
