import type { Packet } from "../../crypto/wire/frame.ts";
import type { TenantId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { rowAssociated } from "../../keys/at-rest/associated.ts";
import { open, seal, type SealingKey } from "../../keys/at-rest/envelope.ts";
import { periodOf } from "../../crypto/wire/key-period.ts";
import type { DeliverableEvent } from "./event.ts";

/** The position of an event, to which its encryption at rest is bound. */
export interface EventPosition {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly receivedAtMs: number;
}

const place = (event: EventPosition, device?: DeviceId): Uint8Array =>
  rowAssociated({
    tenant: event.tenant,
    conversation: event.conversation,
    seq: event.seq,
    period: periodOf(event.receivedAtMs),
    device,
  });

/**
 * Returns an event's bytes as they are stored. Only messages are sealed: membership events repeat
 * what other tables hold.
 */
export const sealedCiphertext = (
  event: EventPosition & Pick<DeliverableEvent, "kind" | "ciphertext">,
  key: SealingKey | undefined,
): Uint8Array =>
  event.kind === "message" ? seal(required(key), place(event), event.ciphertext) : event.ciphertext;

/** Returns a packet as it is stored beside its event, which may be of any kind. */
export const sealedPacket = (
  event: EventPosition,
  { device, bytes }: Packet,
  key: SealingKey | undefined,
): Uint8Array => seal(required(key), place(event, device), bytes);

/** Requires a key. Messages and packets are never stored without a key that can be destroyed. */
function required(key: SealingKey | undefined): SealingKey {
  if (key === undefined) throw new Error("A key is missing for bytes that must be sealed.");
  return key;
}

/**
 * Decrypts a stored message to its end-to-end ciphertext.
 * @throws KeysError seal_broken
 */
export const openedCiphertext = (
  event: EventPosition,
  key: SealingKey,
  stored: Uint8Array,
): Uint8Array => open(key, place(event), stored);

/**
 * Decrypts the packet for that device.
 * @throws KeysError seal_broken
 */
export const openedPacket = (
  event: EventPosition,
  device: DeviceId,
  key: SealingKey,
  stored: Uint8Array,
): Uint8Array => open(key, place(event, device), stored);
