import { inTransaction } from "../../db/transaction.ts";
import type { Pool } from "../../db/pool.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { TenantId, UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { restrictedTo } from "../members/restricted-to.ts";

/** A device that is currently a member. */
export interface Joined {
  readonly device: DeviceId;
  readonly conversation: ConversationId;
  /** The first event that it may see and has not acknowledged. */
  readonly fromSeq: number;
  /** The number of the log's last event. */
  readonly head: number;
  /** Who may open the conversation, if its processing is restricted. */
  readonly restrictedTo: readonly UserId[] | null;
}

// Skips acknowledged events when a closed conversation continues after it was finished for the
// device.
const JOINED = `
  select md.device, md.conversation,
    greatest(md.from_seq, coalesce((select c.seq + 1 from cursors c
      where c.conversation = md.conversation and c.device = md.device), 0)) as "fromSeq",
    (select max(e.seq) from events e where e.conversation = md.conversation and e.kind > 0) as head,
    ${restrictedTo("md.conversation")} as "restrictedTo"
  from member_devices md
  where md.until_seq is null and sealdesk.is_current(md.break_glass) and `;

const OF_CONVERSATIONS = `${JOINED} md.conversation = any($1::uuid[])`;

const NOT_FOLLOWED = `${JOINED} md.device = any($1::uuid[]) and not md.finished
  and not exists (select from unnest($2::uuid[], $3::uuid[]) as follows (device, conversation)
    where follows.device = md.device and follows.conversation = md.conversation)`;

/** Returns the devices that are members of these conversations. */
export async function devicesIn(
  pool: Pool,
  tenant: TenantId,
  conversations: readonly ConversationId[],
): Promise<readonly Joined[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<Joined>(OF_CONVERSATIONS, [uuidArray(conversations)]),
  );
  return rows;
}

/**
 * Conversations that these devices are members of and do not follow yet, without those that are
 * finished.
 */
export async function notFollowed(
  pool: Pool,
  tenant: TenantId,
  devices: readonly DeviceId[],
  follows: readonly Pick<Joined, "device" | "conversation">[],
): Promise<readonly Joined[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<Joined>(NOT_FOLLOWED, [
      uuidArray(devices),
      uuidArray(follows.map(({ device }) => device)),
      uuidArray(follows.map(({ conversation }) => conversation)),
    ]),
  );
  return rows;
}
