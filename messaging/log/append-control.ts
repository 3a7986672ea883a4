import type { Client } from "../../db/pool.ts";
import { nilUuid } from "../../crypto/wire/event.ts";
import {
  encodeControl,
  wireLimits,
  type Control,
  type EventKind,
  type Member,
  type Packet,
} from "../../crypto/wire/frame.ts";
import { actOf, membershipAfter } from "../../crypto/wire/membership.ts";
import {
  nilId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type MessageId,
} from "../../crypto/wire/ids.ts";
import type { SealingKey } from "../../keys/at-rest/envelope.ts";
import type { LoggedEvent } from "./event.ts";
import { MessagingError } from "../messaging-error.ts";
import { markUnfinished } from "../follow/finish-conversations.ts";
import { insertEvents } from "./insert-events.ts";
import { membersAround } from "./members-around.ts";
import { markerFor, numberControl, type NextPosition } from "./number-message.ts";

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
  readonly signer?: Control["signer"];
  /** Packets for one device each. They are stored beside the event, sealed under `key`. */
  readonly packets?: { readonly all: readonly Packet[]; readonly key: SealingKey } | undefined;
}

/**
 * Appends a membership event after `position` and opens its epoch, in the caller's transaction. The
 * member rows must already describe the state from this event on.
 * @returns the event; publish it after the transaction has committed
 * @throws MessagingError too_many_members
 */
export async function appendControl(
  client: Client,
  position: NextPosition & { readonly state?: "open" | "closed" },
  change: ControlChange,
  nowMs: number,
): Promise<LoggedEvent> {
  const { before, after } = await membersAround(client, change.conversation, position.seq + 1);
  const control = contentOf(change, before, after);
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
      after.flatMap((m) => m.devices),
    ],
  );
  return event;
}

/**
 * Returns the content of the event, which devices accept.
 * @throws MessagingError too_many_members: devices refuse content over the limit
 */
function contentOf(
  { kind, senderDevice, epoch, actor, subject, creation, receipt, signer }: ControlChange,
  before: readonly Member[],
  members: readonly Member[],
): Uint8Array {
  const control: Control = { epoch, actor, subject, members, creation, receipt, signer };
  if (membershipAfter(before, actOf({ kind, senderDevice }, control)) === undefined)
    throw new Error(`the members after the event ${kind} are not what it makes of them`);
  const content = encodeControl(control);
  if (content.length > wireLimits.control)
    throw new MessagingError(
      "too_many_members",
      "The conversation has more members than one event can list.",
    );
  return content;
}
