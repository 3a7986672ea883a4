import type { DeviceId } from "../wire/ids.ts";
import { signMessage, type SigningAuthor } from "./authorship.ts";
import { commit, newFrankingKey } from "./franking.ts";
import { pad, type Franked } from "./padding.ts";
import { encodePayload, type Payload } from "../wire/payload.ts";
import { zeroise } from "./sodium.ts";
import type { StoreTransaction } from "./store-transaction.ts";
import type { Sealed, Suite } from "./suite.ts";

/** A message to seal, and the devices it is for. */
export interface MessageToSeal extends Payload {
  /** The owner of the sending device, with the key that signs. */
  readonly author: SigningAuthor;
  /** Every other member device of the epoch. */
  readonly devices: readonly DeviceId[];
  /** Devices among them whose bundles cannot be used: see `SealRequest`. */
  readonly without?: readonly DeviceId[];
  /** Devices among them that must not be able to open the message: see `SealRequest`. */
  readonly withheld?: readonly DeviceId[];
  /** Devices among them whose sessions could not be renewed: see `SealRequest`. */
  readonly unrenewed?: readonly DeviceId[];
  /** Milliseconds since the Unix epoch. It decides when the key is rotated. */
  readonly nowMs: number;
}

export interface SealedMessage extends Sealed {
  readonly commitment: Uint8Array;
  /** They stay on the device and are never sent in this form. */
  readonly franked: Franked;
}

/**
 * Encodes, commits to, signs, pads and encrypts one message. Commit the transaction before the result
 * leaves the device. Send results in the order in which they were sealed: only the first message
 * under a key carries its packets. If the relay refuses that first message, call `suite.rotate` and
 * seal again.
 * @throws SuiteError no_session, stale_session, untrusted_identity; DeviceError too_large
 */
export async function sealMessage(
  transaction: StoreTransaction,
  suite: Suite,
  message: MessageToSeal,
): Promise<SealedMessage> {
  const {
    author,
    devices,
    nowMs,
    without = [],
    withheld = [],
    unrenewed = [],
    ...content
  } = message;
  const { conversation, epoch } = content;
  const payload = encodePayload(content);
  const frankingKey = newFrankingKey();
  const commitment = commit(frankingKey, payload);
  const signature = await signMessage(content, commitment, author);
  const franked = { payload, frankingKey, signature };
  const plaintext = pad(franked);
  try {
    const place = { conversation, epoch, devices, without, withheld, unrenewed };
    const sealed = await suite.seal(transaction, { ...place, plaintext, nowMs });
    return { ...sealed, commitment, franked };
  } finally {
    zeroise(plaintext);
  }
}
