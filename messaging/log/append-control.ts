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
import { decodeReceipt } from "../../crypto/wire/receipt.ts";
import { decodeStaffCertificate } from "../../crypto/wire/staff-certificate.ts";
import { receiptFor } from "../../crypto/wire/receipt-checks.ts";
import {
  nilId,
  type TenantId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type MessageId,
} from "../../crypto/wire/ids.ts";
import type { SealingKey } from "../../keys/at-rest/envelope.ts";
import type { LoggedEvent } from "./event.ts";
import { MessagingError } from "../messaging-error.ts";
import { markUnfinished } from "../follow/finish-conversations.ts";
import { assertInPlace, stale } from "../receipts/assert-in-place.ts";
import { deviceProof } from "../receipts/device-proof.ts";
import { insertEvents } from "./insert-events.ts";
import { membersAround } from "./members-around.ts";
import { markerFor, numberControl, sha256, type NextPosition } from "./number-message.ts";

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
  /** Signed by `senderDevice`, whose signature was checked. */
  readonly receipt?: Control["receipt"];
  /** The actor's, which was checked. Devices count a change of the members only with one. */
  readonly staffCertificate?: Control["staffCertificate"];
  /** Packets for one device each. They are stored beside the event, sealed under `key`. */
  readonly packets?: { readonly all: readonly Packet[]; readonly key: SealingKey } | undefined;
}

/**
 * Appends a membership event after `position` and opens its epoch, in the caller's transaction. The
 * member rows must already describe the state from this event on.
 * @returns the event; publish it after the transaction has committed
 * @throws MessagingError too_many_members; stale_record: the receipt was signed for another place or
 *   for other members; not_a_member, forbidden: the members before it do not allow the act
 */
export async function appendControl(
  client: Client,
  position: NextPosition & { readonly state?: "open" | "closed" },
  change: ControlChange,
  nowMs: number,
): Promise<LoggedEvent> {
  const { before, after } = await membersAround(client, change.conversation, position.seq + 1);
  const signer = await signerOf(client, position, change);
  const control = contentOf(position.tenant, { ...change, signer }, before, after);
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

/** Returns the certificate of the device that signed the receipt. */
async function signerOf(
  client: Client,
  { seq, transcriptHash: hash }: NextPosition,
  { conversation, senderDevice, receipt: signed }: ControlChange,
): Promise<Control["signer"]> {
  if (signed === undefined) return undefined;
  await assertInPlace(client, conversation, { seq, hash }, decodeReceipt(signed.text).after);
  return deviceProof(client, senderDevice);
}

/**
 * Returns the refusal of an act that no device would accept. Another signature does not help. A new device is
 * listed soon after it was registered, if the members have room for it.
 */
const refusalOf = (
  before: readonly Member[],
  { actor, senderDevice }: ControlChange,
): MessagingError => {
  const by = before.find(({ user }) => user === actor);
  return by !== undefined && !by.devices.includes(senderDevice)
    ? new MessagingError(
        "not_a_member",
        "This device is not in the conversation. Act on another device, or wait until this one is added.",
      )
    : new MessagingError("forbidden", "The members of the conversation do not allow this act.");
};

/**
 * Returns the content of the event, which devices accept.
 * @throws MessagingError too_many_members: devices refuse content over the limit; not_a_member, forbidden:
 *   devices refuse the act; stale_record
 */
function contentOf(
  tenant: TenantId,
  change: ControlChange & Pick<Control, "signer">,
  before: readonly Member[],
  members: readonly Member[],
): Uint8Array {
  const { epoch, actor, subject, creation, receipt, signer, staffCertificate } = change;
  const by = { receipt, signer, staffCertificate };
  const control: Control = { epoch, actor, subject, members, creation, ...by };
  const certifiedRole = staffCertificate && decodeStaffCertificate(staffCertificate.text).role;
  const isPossible = membershipAfter(before, actOf(change, control, certifiedRole)) !== undefined;
  if (receipt === undefined && !isPossible)
    throw new Error(`the members after the event ${change.kind} are not what it makes of them`);
  if (!isPossible) throw refusalOf(before, change);
  if (receipt !== undefined && receiptFor(sha256, tenant, change, control) === undefined)
    throw stale("The members are not those that the receipt signs.");
  const content = encodeControl(control);
  if (content.length > wireLimits.control)
    throw new MessagingError(
      "too_many_members",
      "The conversation has more members than one event can list.",
    );
  return content;
}
