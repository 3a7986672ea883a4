import type { Pool } from "../../db/pool.ts";
import { keptOut } from "../audit-error.ts";
import { asIntegrator } from "./as-integrator.ts";

const AT_ONCE = 4_096;

// An entry and its pending row commit together, and its place replaces the pending row in one
// transaction. So one statement sees each entry in one of the two.
const UNPLACED = `
  with stored as (select id, tenant from audit.entries where id > $1 order by id limit $2)
  select count(*)::int as read, max(stored.id) as last,
    min(stored.id) filter (where leaves.entry is null and pending.entry is null) as unplaced,
    (array_agg(coalesce(origin, stored.tenant::text) order by stored.id)
      filter (where leaves.entry is null and pending.entry is null))[1] as origin
  from stored
  left join audit.leaves on leaves.entry = stored.id
  left join audit.pending on pending.entry = stored.id
  left join audit.logs on logs.id = stored.tenant`;

interface UnplacedRow {
  readonly read: number;
  readonly last: number | null;
  readonly unplaced: number | null;
  readonly origin: string | null;
}

/**
 * Requires that each stored entry has a place in its log or waits for one. An entry without either
 * was kept out of the log, for example by switching a trigger off.
 * @param onRead called with the number of entries that were read
 * @throws AuditError audit_log_altered
 */
export async function assertAllPlaced(
  pool: Pool,
  onRead: (entries: number) => Promise<void>,
): Promise<void> {
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
