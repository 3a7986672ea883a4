import { hash } from "node:crypto";
import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import { decodeReceipt, receiptBytes, type Receipt } from "../../crypto/wire/receipt.ts";
import { actIn } from "../../crypto/wire/receipt-checks.ts";
import type { DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { MessagingError } from "../messaging-error.ts";

export const receiptDigest = ({ text }: SignedReceipt): Buffer => hash("sha256", text, "buffer");

export const invalidRecord = (what: string, cause?: unknown): MessagingError =>
  new MessagingError("invalid_record", what, { cause });

/**
 * Parses a receipt of the given type, for this tenant and conversation.
 * @throws MessagingError invalid_record
 */
export function parseReceipt<T extends Receipt["type"]>(
  actor: Actor,
  conversation: ConversationId,
  type: T,
  { text }: SignedReceipt,
): Extract<Receipt, { readonly type: T }> {
  const receipt = decoded(text);
  if (receipt.type !== type) throw invalidRecord("The receipt is of another kind.");
  if (receipt.tenant !== actor.tenant || receipt.conversation !== conversation)
    throw invalidRecord("The receipt is for another conversation.");
  return receipt as Extract<Receipt, { readonly type: T }>;
}

/**
 * Requires that a receipt is in the name of the actor and of the actor's device.
 * @throws MessagingError invalid_record
 */
export function assertOwn(actor: Actor, receipt: Receipt): void {
  const { user, device } = actIn(receipt);
  if (user !== actor.user || device !== actor.device)
    throw invalidRecord("The receipt belongs to another user or device.");
}

function decoded(text: Uint8Array): Receipt {
  try {
    return decodeReceipt(text);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw invalidRecord("The receipt does not have the documented form.", cause);
  }
}

/** Checks the signature of a receipt. @throws MessagingError invalid_signature */
export const assertReceiptSignature = (
  client: Client,
  device: DeviceId,
  { text, signature }: SignedReceipt,
): Promise<void> => assertSignedBy(client, device, receiptBytes(text), signature);

/**
 * Checks a signature with the device's receipt key.
 * @throws MessagingError invalid_signature
 */
export async function assertSignedBy(
  client: Client,
  device: DeviceId,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<void> {
  const { rows } = await client.query<{ receipt_key: Buffer }>(
    "select receipt_key from devices where id = $1 and revoked_at_ms is null",
    [device],
  );
  const [row] = rows;
  if (row === undefined || !verifyEd25519(row.receipt_key, bytes, signature))
    throw new MessagingError("invalid_signature", "The record is not signed by this device.");
}
