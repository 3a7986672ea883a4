import { int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { OPERATOR_LOG } from "../logs.ts";

/** A log that has signed entries which a sink was not given yet. */
export interface DueLog {
  readonly log: LogId;
  readonly origin: string;
  /** The index of the first one. */
  readonly from: number;
}

// It ends with the session.
const TURN = "select pg_try_advisory_lock(hashtext('sealdesk.sink ' || $1)) as taken";
// A new sink begins with the entries that are signed from now on. A log that begins later is delivered whole.
const BEGIN = `
  insert into audit.sink_positions (sink, log, next)
  select $1, id, coalesce((select max(size) from audit.checkpoints where log = id), 0)
  from (select id from audit.logs union select $2::uuid) as known
  where not exists (select from audit.sink_positions where sink = $1)`;
// Key logs are for devices.
const LOGS = `
  from audit.logs
  left join audit.sink_positions as given on given.log = logs.id and sink = $1
  where (id = '${OPERATOR_LOG}' or exists (select from sealdesk.tenants where tenants.id = logs.id))`;
const DUE = `
  select id as log, origin, coalesce(next, 0) as from ${LOGS}
    and (select max(size) from audit.checkpoints where checkpoints.log = id) > coalesce(next, 0)
  order by id`;
const ADVANCE = `
  insert into audit.sink_positions (sink, log, next)
  select $1, * from unnest($2::uuid[], $3::int8[])
  on conflict (sink, log) do update set next = excluded.next, refused_at = null`;
const POSITIONS = `
  select log, next, origin from audit.sink_positions left join audit.logs on logs.id = log where sink = $1`;
const REFUSE = `
  insert into audit.sink_positions (sink, log, next, refused_at)
  select $1, log, 0, clock_timestamp() from unnest($2::uuid[]) as log
  on conflict (sink, log) do update set refused_at = excluded.refused_at`;
const REFUSED_SECONDS = 60;
// An entry that has no place in its log yet waits too. A log that is refused has an alarm of its own.
const LAG = `
  select exists (select from audit.sink_positions where sink = $1) as "hasBegun",
    coalesce(extract(epoch from clock_timestamp() - least(
      (select min(since) from audit.pending
        where log = '${OPERATOR_LOG}' or exists (select from sealdesk.tenants where id = log)),
      (select min((
        select at from audit.trees where trees.log = id and size > coalesce(next, 0)
        order by size limit 1
      )) ${LOGS}
        and (refused_at is null or refused_at < clock_timestamp() - interval '${REFUSED_SECONDS} s'))
    )), 0)::float8 * 1000 as "lagMs"`;

/**
 * Takes the turn to deliver to a sink, so that one node at a time does. Like everything here, it needs the
 * integrator's role. The turn ends with the session.
 */
export const tryTakeTurn = async (client: Client, sink: string): Promise<boolean> => {
  const { rows } = await client.query<{ taken: boolean }>(TURN, [sink]);
  return rows[0]?.taken === true;
};

/** Lets a new sink begin with what is logged from now on. */
export const begin = async (client: Client, sink: string): Promise<void> =>
  void (await client.query(BEGIN, [sink, OPERATOR_LOG]));

export const dueLogs = async (client: Client, sink: string): Promise<readonly DueLog[]> =>
  (await client.query<DueLog>(DUE, [sink])).rows;

/** Stores the next index of each log that the sink was given entries of. */
export async function advance(
  client: Client,
  sink: string,
  next: ReadonlyMap<LogId, number>,
): Promise<void> {
  if (next.size === 0) return;
  await client.query(ADVANCE, [sink, uuidArray([...next.keys()]), int8Array([...next.values()])]);
}

/** Returns how far the sink was given each log. */
export const readPositions = async (
  client: Client,
  sink: string,
): Promise<
  readonly { readonly log: LogId; readonly next: number; readonly origin: string | null }[]
> =>
  (await client.query<{ log: LogId; next: number; origin: string | null }>(POSITIONS, [sink])).rows;

/**
 * Stores which logs were refused because of what the database has of them. They do not count in the lag of the sink
 * for a minute. A log that could not be read for another reason, such as a lock, counts.
 */
export async function noteRefused(
  client: Client,
  sink: string,
  unread: readonly { readonly log: LogId; readonly error: unknown }[],
): Promise<void> {
  const refused = unread.filter(({ error }) => error instanceof AuditError);
  if (refused.length === 0) return;
  await client.query(REFUSE, [sink, uuidArray(refused.map(({ log }) => log))]);
}

/**
 * Returns for how long the oldest entry that the sink was not given has waited, in milliseconds.
 * @returns undefined if no node has begun to deliver to the sink
 */
export async function readLagMs(client: Client, sink: string): Promise<number | undefined> {
  const { rows } = await client.query<{ hasBegun: boolean; lagMs: number }>(LAG, [sink]);
  const [row] = rows;
  return row?.hasBegun === true ? Math.max(0, row.lagMs) : undefined;
}
