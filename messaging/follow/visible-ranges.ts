import { batchRead } from "../../db/batch-read.ts";
import type { Pool } from "../../db/pool.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { decideRelay, type Connected } from "../../policies/relay-access.ts";

/** The events a device may see, both ends included. There is no end while it is a member. */
export interface VisibleRange {
  readonly fromSeq: number;
  readonly untilSeq: number | undefined;
}

/** A conversation as one device may follow it. */
export interface Followed {
  readonly conversation: Uuid;
  /** The log's last event, even if the device may not see it. */
  readonly head: number;
  readonly epoch: number;
  /** In order and without overlap. There is more than one if the device left and came back. */
  readonly ranges: readonly VisibleRange[];
  /** The last event that the device acknowledged. */
  readonly cursor: number;
}

// Cursors are looked up one by one. In a join, all of them are scanned if the planner has too few
// statistics.
const FOLLOWED = `
  select md.conversation, max(last.seq) as head, max(last.epoch) as epoch,
    coalesce((select c.seq from cursors c
      where c.conversation = md.conversation and c.device = $1), 0) as cursor,
    array_agg(md.from_seq order by md.from_seq) as froms,
    array_agg(md.until_seq order by md.from_seq) as untils
  from member_devices md
  cross join lateral (
    select seq, epoch from events e where e.conversation = md.conversation and kind > 0
    order by seq desc limit 1) last
  where md.device = $1
  group by md.conversation`;

/**
 * Every conversation that the actor's device is or was in, and what it may see of each. None if the
 * actor's role receives no conversations.
 */
export async function followedBy(
  pool: Pool,
  actor: Connected & { readonly device: Uuid },
): Promise<readonly Followed[]> {
  const { tenant, device } = actor;
  const { rows } = await batchRead(pool, tenant, (client) =>
    client.query({ name: "followed", text: FOLLOWED, values: [device] }),
  );
  const followed = rows.map((row) => ({
    conversation: row.conversation,
    head: row.head,
    epoch: row.epoch,
    cursor: row.cursor,
    ranges: (row.froms as (string | number)[]).map((from, index) => {
      const until = row.untils[index];
      return { fromSeq: Number(from), untilSeq: until === null ? undefined : Number(until) };
    }),
  }));
  return followed.filter(({ ranges }) => {
    const isMember = ranges.at(-1)?.untilSeq === undefined;
    return decideRelay(actor, "receive", { tenant, isMember, wasMember: ranges.length > 0 })
      .allowed;
  });
}
