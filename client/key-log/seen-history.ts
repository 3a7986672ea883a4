import { LogError } from "../../audit/verify/log-error.ts";
import { concat, equalBytes } from "../../crypto/wire/bytes.ts";
import { fixed, message, uint, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import type { KeyHistory } from "./key-history.ts";

/**
 * `digest` is SHA-256 over the leaf hashes of versions 1 to `version`. The last hash alone would
 * allow the others to be exchanged, because a log may hold the same entry twice. `reviewed` counts
 * versions that `follow` returned. A look-up for another purpose does not count as a review.
 */
const seen = message({
  version: [1, uint()],
  digest: [2, fixed(32)],
  reviewed: [3, uint()],
});
const nameOf = (user: Uuid): string => `key-history!${user}`;

const digestOf = (leaves: readonly Uint8Array[]): Uint8Array => sha256(concat(...leaves));

/**
 * Records what was shown about a user. It must begin with all that was shown before.
 * @returns how many of the entries were reviewed
 * @throws LogError mismatch, rolled_back
 */
export async function noteHistory(
  transaction: StoreTransaction,
  user: Uuid,
  { leaves }: Pick<KeyHistory, "leaves">,
): Promise<number> {
  const { version, digest, reviewed } = await load(transaction, user);
  if (leaves.length < version)
    throw new LogError("rolled_back", "key history", `had ${version} entries before.`);
  if (version > 0 && !equalBytes(digestOf(leaves.slice(0, version)), digest))
    throw new LogError("mismatch", "key history", `differs in its first ${version} entries.`);
  if (leaves.length > version)
    save(transaction, user, { version: leaves.length, digest: digestOf(leaves), reviewed });
  return reviewed;
}

/** Records that the first `reviewed` entries, all of which were shown, were reviewed. */
export async function noteReviewed(
  transaction: StoreTransaction,
  user: Uuid,
  reviewed: number,
): Promise<void> {
  const before = await load(transaction, user);
  if (reviewed > before.reviewed) save(transaction, user, { ...before, reviewed });
}

type Seen = MessageOf<typeof seen>;

async function load(transaction: Pick<ReadTransaction, "get">, user: Uuid): Promise<Seen> {
  const record = await transaction.get(nameOf(user));
  if (record === undefined) return { version: 0, digest: new Uint8Array(32), reviewed: 0 };
  return decodeRecord(seen, record);
}

const save = (transaction: StoreTransaction, user: Uuid, value: Seen): void =>
  transaction.put(nameOf(user), encodeRecord(seen, value));
