import type { Deliver } from "../wire/frame.ts";
import { verifyAuthor, type Author } from "./authorship.ts";
import { verifyCommitment } from "./franking.ts";
import { unpad, type Franked } from "./padding.ts";
import { openPayload } from "./payload.ts";
import type { Body, KeyLogHead, LastSeen } from "../wire/payload.ts";
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

/** A report or a grant discloses payload, franking key and signature together. */
export interface OpenedMessage extends Franked {
  readonly body: Body;
  readonly lastSeen: LastSeen;
  readonly keyLogHead: KeyLogHead | undefined;
  /** Earlier messages that the sending device could not open. */
  readonly unopened: readonly number[];
}

/**
 * Decrypts one delivered message. It returns nothing unless commitment, context and signature are
 * right. If you catch its error inside the transaction and commit, the sender key that came with
 * the message is kept, and later messages under that key can be opened.
 * @param author the owner of the sending device by its certificate
 * @throws SuiteError; DeviceError malformed_plaintext, commitment_mismatch, context_mismatch,
 *   unsupported_payload, invalid_signature
 */
export async function openMessage(
  transaction: StoreTransaction,
  suite: Suite,
  message: DeliveredMessage,
  author: Author,
): Promise<OpenedMessage> {
  const plaintext = await suite.open(transaction, message);
  const franked = unpadAndWipe(plaintext);
  const { payload, frankingKey, signature } = franked;
  verifyCommitment(frankingKey, payload, message.commitment);
  const { body, lastSeen, keyLogHead, unopened = [] } = openPayload(payload, message);
  verifyAuthor(signature, message, message.commitment, author);
  return { body, lastSeen, keyLogHead, unopened, ...franked };
}

function unpadAndWipe(plaintext: Uint8Array) {
  try {
    return unpad(plaintext);
  } finally {
    zeroise(plaintext);
  }
}
