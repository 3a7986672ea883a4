import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import {
  exceededLimit,
  MAX_MEMBER_DEVICES,
  MAX_MEMBERS,
  type ExceededLimit,
  type OpenConversationLimits,
  type RoomFacts,
} from "../../policies/conversation-limits.ts";
import { MessagingError } from "../messaging-error.ts";

// Counts stop at the limit, so that they cost no more than it.
const ROOM = `
  select
    (select count(*) from (
      select from conversations where created_by = $1 and state = 'open' limit $4) own) as begun,
    (select coalesce(max(members.open), 0) from unnest($2::uuid[]) as added (user_id)
      cross join lateral (select count(*) as open from (
        select from members m where m.user_id = added.user_id and m.open and m.until_seq is null
        limit $5) counted) members) as "ofMember",
    (select coalesce(sum(own.devices), 0)::int from (
      select unnest($2::uuid[]) union
      select user_id from members where conversation = $3 and until_seq is null) who (user_id)
      cross join lateral (select count(*) as devices from devices d
        where d.user_id = who.user_id and d.revoked_at_ms is null) own) as devices,
    (select count(*) from (
      select unnest($2::uuid[]) union
      select user_id from members where conversation = $3 and until_seq is null) who) as members`;

const sentences: Readonly<Record<ExceededLimit, (limits: OpenConversationLimits) => string>> = {
  customer_conversations: ({ perCustomer }) =>
    `You have ${perCustomer} open conversations, which is the most. Continue in one of them, or close one.`,
  member_conversations: ({ perMember }) =>
    `A member has ${perMember} open conversations, which is the most. Name another member.`,
  member_devices: () =>
    `The members would have more than ${MAX_MEMBER_DEVICES} devices. Name fewer members.`,
  members: () => `A conversation has at most ${MAX_MEMBERS} members.`,
};

/**
 * Requires that there is room for a conversation or for further members. Conversations that one
 * customer begins at the same time wait for each other until the transaction ends.
 * @param adding.creator undefined if no conversation begins
 * @param adding.users the new members
 * @throws MessagingError too_many_conversations, too_many_members
 */
export async function assertRoom(
  client: Client,
  limits: OpenConversationLimits,
  adding: {
    readonly conversation: ConversationId;
    readonly creator: UserId | undefined;
    readonly users: readonly UserId[];
  },
): Promise<void> {
  const { conversation, creator, users } = adding;
  if (creator !== undefined)
    await client.query(
      "select pg_advisory_xact_lock(hashtextextended('conversations ' || $1, 0))",
      [creator],
    );
  const { rows } = await client.query<RoomFacts>(ROOM, [
    creator ?? null,
    users,
    conversation,
    limits.perCustomer,
    limits.perMember,
  ]);
  const [room] = rows;
  if (room === undefined) throw new Error("the room in the conversation was not counted");
  const exceeded = exceededLimit(room, limits);
  if (exceeded === undefined) return;
  const isOfMembers = exceeded === "member_devices" || exceeded === "members";
  const code = isOfMembers ? "too_many_members" : "too_many_conversations";
  throw new MessagingError(code, sentences[exceeded](limits), { reasons: [exceeded] });
}
