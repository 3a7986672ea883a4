import { appendEntry } from "../../audit/append-entry.ts";
import { nilId, type TenantId, type UserId, type DeviceId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { appendControl } from "../log/append-control.ts";
import type { LoggedEvent } from "../log/event.ts";
import type { ConversationHead } from "../log/head.ts";
import { creationRecord } from "./creation-record.ts";

/**
 * Adds a member's device to a conversation, or removes it, in the caller's transaction. It begins a
 * new epoch and writes the audit entry.
 * @returns the event; publish it after the transaction has committed
 */
export async function changeDevice(
  client: Client,
  head: ConversationHead,
  { tenant, user }: { readonly tenant: TenantId; readonly user: UserId },
  device: DeviceId,
  added: boolean,
  nowMs: number,
): Promise<LoggedEvent> {
  const { conversation } = head;
  const seq = head.seq + 1;
  await client.query(
    added
      ? `insert into member_devices (tenant, conversation, device, user_id, from_seq, break_glass)
         select $1, $2, $3, $4, $5, (select break_glass from members
           where conversation = $2 and user_id = $4 and until_seq is null)`
      : `update member_devices set until_seq = $5 where tenant = $1 and conversation = $2
         and device = $3 and user_id = $4 and until_seq is null`,
    [tenant, conversation, device, user, seq],
  );
  const kind = added ? "device_added" : "device_removed";
  const event = await appendControl(
    client,
    head,
    {
      conversation,
      kind,
      actor: user,
      senderDevice: nilId(),
      subject: user,
      epoch: head.epoch + 1,
      creation: added ? await creationRecord(client, conversation) : undefined,
    },
    nowMs,
  );
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant,
    actor: { kind: "system", id: "reconcile-devices" },
    action: added ? "conversation.device_added" : "conversation.device_removed",
    resource: { type: "conversation", id: conversation },
    subject: user,
    outcome: "success",
    details: { device, seq, epoch: head.epoch + 1 },
  });
  return event;
}
