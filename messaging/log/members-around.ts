import type { Member } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Role } from "../../policies/actor.ts";

// A row holds from the event `from_seq` on, and no more from the event `until_seq` on.
const MEMBERS = `
  select m.user_id, m.role, m.from_seq < $2 as before, m.until_seq is null as after,
    array(select d.device from member_devices d
      where d.conversation = m.conversation and d.user_id = m.user_id
        and d.from_seq < $2 and (d.until_seq is null or d.until_seq >= $2)
      order by d.device) as "devicesBefore",
    array(select d.device from member_devices d
      where d.conversation = m.conversation and d.user_id = m.user_id and d.until_seq is null
      order by d.device) as "devicesAfter"
  from members m where m.conversation = $1 and (m.until_seq is null or m.until_seq >= $2)
  order by m.from_seq, m.user_id`;

interface MemberRow {
  readonly user_id: UserId;
  readonly role: Role;
  readonly before: boolean;
  readonly after: boolean;
  readonly devicesBefore: readonly DeviceId[];
  readonly devicesAfter: readonly DeviceId[];
}

/**
 * Returns the members of a conversation before and after its next event, as the transaction sees them.
 * @param seq the number of that event. The member rows describe the state from it on.
 */
export async function membersAround(
  client: Client,
  conversation: ConversationId,
  seq: number,
): Promise<{ readonly before: readonly Member[]; readonly after: readonly Member[] }> {
  const { rows } = await client.query<MemberRow>(MEMBERS, [conversation, seq]);
  const member = ({ user_id, role }: MemberRow, devices: readonly DeviceId[]): Member => ({
    user: user_id,
    role,
    devices,
  });
  return {
    before: rows.filter(({ before }) => before).map((row) => member(row, row.devicesBefore)),
    after: rows.filter(({ after }) => after).map((row) => member(row, row.devicesAfter)),
  };
}
