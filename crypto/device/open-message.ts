import type { Deliver } from "../wire/frame.ts";
import { verifyCommitment } from "./franking.ts";
import { unpad } from "./padding.ts";
import { openPayload, type Body, type KeyLogHead, type LastSeen } from "./payload.ts";
import { zeroise } from "./sodium.ts";
import type { StoreTransaction } from "./store-transaction.ts";
import type { Suite } from "./suite.ts";

/** What opening needs of a `deliver` frame. */
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
>;

export interface OpenedMessage {
  readonly body: Body;
  readonly lastSeen: LastSeen;
  readonly keyLogHead: KeyLogHead | undefined;
  /** The exact bytes that were committed to; with `frankingKey`, what a report discloses. */
  readonly payload: Uint8Array;
  readonly frankingKey: Uint8Array;
}

/**
 * Decrypts one delivered message; nothing is returned unless the commitment and the context hold.
 * When this throws, a caller that catches inside the transaction and lets it commit keeps the
 * sender key that came with the message, and later messages under it can be opened.
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
