import type { Deliver } from "../wire/frame.ts";
import { verifyCommitment } from "./franking.ts";
import { unpad } from "./padding.ts";
import { openPayload, type Body, type KeyLogHead, type LastSeen } from "./payload.ts";
import { zeroise } from "./sodium.ts";
import type { StoreTransaction } from "./store-transaction.ts";
import type { OpenRequest, Suite } from "./suite.ts";

/** The fields of a `deliver` frame that opening needs. */
export type DeliveredMessage = Pick<
  Deliver,
  | "conversation"
  | "senderDevice"
  | "epoch"
  | "keyId"
  | "clientMessageId"
  | "ciphertext"
  | "commitment"
  | "packet"
> &
  Pick<OpenRequest, "keyMaxMessages" | "nowMs">;

export interface OpenedMessage {
  readonly body: Body;
  readonly lastSeen: LastSeen;
  readonly keyLogHead: KeyLogHead | undefined;
  /** The exact bytes of the commitment. A report discloses them together with `frankingKey`. */
  readonly payload: Uint8Array;
  readonly frankingKey: Uint8Array;
}

/**
 * Decrypts one delivered message. It returns nothing unless the commitment and the context are
 * right. If you catch its error inside the transaction and commit, the sender key that came with
 * the message is kept, and later messages under that key can be opened.
 * @throws SuiteError; DeviceError malformed_plaintext, commitment_mismatch, context_mismatch,
 *   unsupported_payload
 */
export async function openMessage(
  transaction: StoreTransaction,
  suite: Suite,
  message: DeliveredMessage,
): Promise<OpenedMessage> {
  const plaintext = await suite.open(transaction, message);
  const { frankingKey, payload } = unpadAndWipe(plaintext);
  verifyCommitment(frankingKey, payload, message.commitment);
  const { body, lastSeen, keyLogHead } = openPayload(payload, message);
  return { body, lastSeen, keyLogHead, payload, frankingKey };
}

function unpadAndWipe(plaintext: Uint8Array) {
  try {
    return unpad(plaintext);
  } finally {
    zeroise(plaintext);
  }
}
