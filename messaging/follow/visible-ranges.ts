import { readTogether } from "../../db/read-together.ts";
import type { Pool } from "../../db/pool.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/** Events a device may see, both ends included; no end while it is a member. */
export interface VisibleRange {
  readonly fromSeq: number;
  readonly untilSeq: number | undefined;
}

/** A conversation as one device may follow it. */
export interface Followed {
  readonly conversation: Uuid;
  /** The log's last event, whether or not the device may see it. */
  readonly head: number;
  readonly epoch: number;
  /** In order, not overlapping. More than one when the device left and came back. */
  readonly ranges: readonly VisibleRange[];
  /** What the device last acknowledged. */
  readonly cursor: number;
}

// Cursors are looked up one by one: joined, they are all scanned where the planner knows too little.
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

/** Every conversation the device is or was in, with what it may see of each. */
export async function followedBy(
  pool: Pool,
  tenant: Uuid,
  device: Uuid,
): Promise<readonly Followed[]> {
  const { rows } = await readTogether(pool, tenant, (client) =>
    client.query({ name: "followed", text: FOLLOWED, values: [device] }),
  );
  return rows.map((row) => ({
    conversation: row.conversation,
    head: row.head,
    epoch: row.epoch,
    cursor: row.cursor,
    ranges: (row.froms as (string | number)[]).map((from, index) => {
      const until = row.untils[index];
      return { fromSeq: Number(from), untilSeq: until === null ? undefined : Number(until) };
    }),
  }));
}
