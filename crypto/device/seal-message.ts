import type { Uuid } from "../wire/uuid.ts";
import { commit, newFrankingKey } from "./franking.ts";
import { pad } from "./padding.ts";
import { encodePayload, type Payload } from "./payload.ts";
import { zeroise } from "./sodium.ts";
import type { StoreTransaction } from "./store-transaction.ts";
import type { Sealed, Suite } from "./suite.ts";

/** A message to seal, and the devices it is for. */
export interface MessageToSeal extends Payload {
  /** Every other member device of the epoch. */
  readonly devices: readonly Uuid[];
  /** Milliseconds since the Unix epoch; decides key rotation. */
  readonly now: number;
}

export interface SealedMessage extends Sealed {
  readonly commitment: Uint8Array;
  /** What was committed to, and the key: kept on the device, never sent as they are. */
  readonly franked: { readonly payload: Uint8Array; readonly frankingKey: Uint8Array };
}

/**
 * Encodes, commits to, pads and encrypts one message. Commit the transaction before the result
 * leaves the device, and send results in the order they were sealed: only the first under a key
 * carries its packets. When the relay refuses that first one, seal again after `suite.rotate`.
 * @throws SuiteError no_session, untrusted_identity; DeviceError too_large
 */
export async function sealMessage(
  transaction: StoreTransaction,
  suite: Suite,
  message: MessageToSeal,
): Promise<SealedMessage> {
  const { devices, now, ...content } = message;
  const { conversation, epoch } = content;
  const payload = encodePayload(content);
  const frankingKey = newFrankingKey();
  const plaintext = pad(frankingKey, payload);
  try {
    const sealed = await suite.seal(transaction, { conversation, epoch, devices, plaintext, now });
    const commitment = commit(frankingKey, payload);
    return { ...sealed, commitment, franked: { payload, frankingKey } };
  } finally {
    zeroise(plaintext);
  }
}
