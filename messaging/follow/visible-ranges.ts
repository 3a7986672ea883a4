import { batchRead } from "../../db/batch-read.ts";
import type { Pool } from "../../db/pool.ts";
import { wireLimits } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { decideRelay, type Connected } from "../../policies/relay-access.ts";
import { restrictedTo } from "../members/restricted-to.ts";

/** The events a device may see, both ends included. There is no end while it is a member. */
export interface VisibleRange {
  readonly fromSeq: number;
  readonly untilSeq: number | undefined;
}

/** A conversation as one device may follow it. */
export interface Followed {
  readonly conversation: ConversationId;
  /** The log's last event, even if the device may not see it. */
  readonly head: number;
  readonly epoch: number;
  readonly closed: boolean;
  /**
   * The ranges in order and without overlap. There is more than one if the device left and came
   * back.
   */
  readonly ranges: readonly VisibleRange[];
  /** The last event that the device acknowledged. */
  readonly cursor: number;
  /** False if the processing of the conversation is restricted. The device is then not told of it. */
  readonly mayOpen: boolean;
}

/** Which page of a device's conversations is read. */
export interface FollowedPage {
  /** The last conversation of the page before. */
  readonly after: Uuid;
  /** Whether conversations that are finished for the device are listed too. */
  readonly includeFinished: boolean;
}

/**
 * The number of conversations of a page, unless it is the last one. One frame holds their heads.
 */
export const FOLLOWED_PER_PAGE = wireLimits.heads;

// The two statements differ because only the second one can use the index of unfinished
// conversations. Cursors and heads are looked up one by one. In a join, all of them are scanned if
// the planner has too few statistics.
const followedIn = (listed: string): string => `
  with listed as materialized (
    select distinct conversation from member_devices
    where device = $1 and conversation > $2 and sealdesk.is_current(break_glass) and ${listed}
    order by conversation limit $3)
  select l.conversation, last.seq as head, last.epoch,
    (select c.state = 'closed' from conversations c where c.id = l.conversation) as closed,
    coalesce((select c.seq from cursors c
      where c.conversation = l.conversation and c.device = $1), 0) as cursor,
    ${restrictedTo("l.conversation")} as "restrictedTo",
    visible.froms, visible.untils
  from listed l
  cross join lateral (
    select array_agg(md.from_seq order by md.from_seq) as froms,
      array_agg(md.until_seq order by md.from_seq) as untils
    from member_devices md where md.conversation = l.conversation and md.device = $1
      and sealdesk.is_current(md.break_glass)) visible
  cross join lateral (
    select seq, epoch from events e where e.conversation = l.conversation and kind > 0
    order by seq desc limit 1) last
  order by l.conversation`;

interface FollowedRow {
  readonly conversation: ConversationId;
  readonly head: number;
  readonly epoch: number;
  readonly closed: boolean;
  readonly cursor: number;
  readonly restrictedTo: readonly UserId[] | null;
  /** The driver leaves 64-bit integers in arrays as text. */
  readonly froms: readonly string[];
  readonly untils: readonly (string | null)[];
}

const statements = {
  all: { name: "followed-all", text: followedIn("true") },
  unfinished: { name: "followed", text: followedIn("not finished") },
} as const;

/**
 * Returns the conversations that the device is or was in, and what it may see of each, in the order
 * of their ids. A page that is not full is the last one. None are listed if the actor's role
 * receives no conversations.
 */
export async function followedBy(
  pool: Pool,
  actor: Connected & { readonly device: DeviceId },
  { after, includeFinished }: FollowedPage,
): Promise<readonly Followed[]> {
  const { tenant, device } = actor;
  // All rows of the page have the fact that the fixed rule about receiving asks for.
  const facts = { tenant, isMember: false, wasMember: true };
  if (!decideRelay(actor, "receive", facts).allowed) return [];
  const statement = includeFinished ? statements.all : statements.unfinished;
  const { rows } = await batchRead(pool, tenant, (client) =>
    client.query<FollowedRow>({ ...statement, values: [device, after, FOLLOWED_PER_PAGE] }),
  );
  return rows.map((row) => ({
    conversation: row.conversation,
    head: row.head,
    epoch: row.epoch,
    closed: row.closed,
    cursor: row.cursor,
    mayOpen: decideRelay(actor, "receive", {
      ...facts,
      restrictedTo: row.restrictedTo ?? undefined,
    }).allowed,
    ranges: row.froms.map((from, index) => {
      const until = row.untils[index] ?? undefined;
      return { fromSeq: Number(from), untilSeq: until === undefined ? undefined : Number(until) };
    }),
  }));
}
