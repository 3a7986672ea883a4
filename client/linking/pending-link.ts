import { fixed, message, userId, uuid, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { generateExchangeKey, randomBytes } from "../../crypto/device/sodium.ts";
import { linkSecretBytes } from "../../crypto/device/linking/link-code.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const name = "client!link";
const pending = message({
  user: [1, userId],
  request: [2, uuid],
  /** X25519, for this request only. */
  publicKey: [3, fixed(32)],
  privateKey: [4, fixed(32)],
  secret: [5, fixed(linkSecretBytes)],
});

/** A request under way, kept in the new device's store so that a restart continues it. */
export type PendingLink = MessageOf<typeof pending>;

export async function loadPending(transaction: ReadTransaction): Promise<PendingLink | undefined> {
  const record = await transaction.get(name);
  return record === undefined ? undefined : decodeRecord(pending, record);
}

/** Makes the keys of a new request and replaces any other. */
export function makePending(
  transaction: StoreTransaction,
  user: UserId,
  request: Uuid,
): PendingLink {
  const made = { user, request, ...generateExchangeKey(), secret: randomBytes(linkSecretBytes) };
  transaction.put(name, encodeRecord(pending, made));
  return made;
}

export const forgetPending = (transaction: StoreTransaction): void => transaction.delete(name);
