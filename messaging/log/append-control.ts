import type { Client } from "../../db/pool.ts";
import { nilUuid } from "../../crypto/wire/event.ts";
import {
  encodeControl,
  type Control,
  type EventKind,
  type Member,
  type Packet,
} from "../../crypto/wire/frame.ts";
import {
  nilId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type MessageId,
} from "../../crypto/wire/ids.ts";
import type { SealingKey } from "../../keys/at-rest/envelope.ts";
import type { Role } from "../../policies/actor.ts";
import type { LoggedEvent } from "./event.ts";
import { markUnfinished } from "../follow/finish-conversations.ts";
import { insertEvents } from "./insert-events.ts";
import { markerFor, numberControl, type NextPosition } from "./number-message.ts";

const MEMBERS = `
  select m.user_id, m.role,
    array(select d.device from member_devices d
      where d.conversation = m.conversation and d.user_id = m.user_id and d.until_seq is null
      order by d.device) as devices
  from members m where m.conversation = $1 and m.until_seq is null order by m.from_seq, m.user_id`;

interface MemberRow {
  readonly user_id: UserId;
  readonly role: Role;
  readonly devices: readonly DeviceId[];
}

/** Returns the members of a conversation as the transaction currently sees them. */
async function currentMembers(client: Client, conversation: ConversationId): Promise<Member[]> {
  const { rows } = await client.query<MemberRow>(MEMBERS, [conversation]);
  return rows.map((row) => ({ user: row.user_id, role: row.role, devices: row.devices }));
}

export interface ControlChange {
  readonly conversation: ConversationId;
  readonly kind: Exclude<EventKind, "message">;
  /** The user who made the change. */
  readonly actor: UserId;
  readonly senderDevice: DeviceId;
  /** The user affected by the change. */
  readonly subject: UserId;
  readonly epoch: number;
  readonly creation?: Control["creation"];
  readonly receipt?: Control["receipt"];
  /** Packets for one device each. They are stored beside the event, sealed under `key`. */
  readonly packets?: { readonly all: readonly Packet[]; readonly key: SealingKey } | undefined;
}

/**
 * Appends a membership event after `position` and opens its epoch, in the caller's transaction. The
 * member rows must already describe the state from this event on.
 * @returns the event; publish it after the transaction has committed
 */
export async function appendControl(
  client: Client,
  position: NextPosition & { readonly state?: "open" | "closed" },
  change: ControlChange,
  nowMs: number,
): Promise<LoggedEvent> {
  const members = await currentMembers(client, change.conversation);
  const control = encodeControl({
    epoch: change.epoch,
    actor: change.actor,
    subject: change.subject,
    members,
    creation: change.creation,
    receipt: change.receipt,
  });
  const numbered = numberControl(
    position,
    {
      conversation: change.conversation,
      kind: change.kind,
      senderDevice: change.senderDevice,
      epoch: change.epoch,
      keyId: nilUuid,
      clientMessageId: nilId<MessageId>(),
    },
    control,
    nowMs,
  );
  const event = { ...numbered, packets: change.packets?.all ?? [] };
  if (position.state === "closed") await markUnfinished(client, change.conversation, event.seq);
  const marker = markerFor(position, event);
  await insertEvents(client, {
    tenant: position.tenant,
    events: [event],
    keys: [change.packets?.key],
    accounts: [change.actor],
    firstUses: [],
    markers: marker === undefined ? [] : [marker],
  });
  await client.query(
    `insert into epochs (tenant, conversation, epoch, from_seq, devices)
     values ($1, $2, $3, $4, $5) on conflict (conversation, epoch) do nothing`,
    [
      position.tenant,
      change.conversation,
      change.epoch,
      event.seq,
      members.flatMap((m) => m.devices),
    ],
  );
  return event;
}
