import { LogError } from "../../audit/verify/log-error.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { fixed, list, message, nested, uint, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import type { KeyHistory } from "./key-history.ts";

/**
 * The largest number of entries of one user that are remembered. No user changes devices as often.
 */
const MOST_ENTRIES = 100_000;

/**
 * The entries about a user that were shown: the leaf hash of each version, and its index in the log.
 * `reviewed` counts versions that `follow` returned. A look-up for another purpose does not count as
 * a review.
 */
const seen = message({
  entries: [1, list(nested(message({ index: [1, uint()], leaf: [2, fixed(32)] })), MOST_ENTRIES)],
  reviewed: [2, uint()],
});
const prefix = "key-history!";
/** A user, or the tenant's authority, whose keys are in the log as well. */
type Logged = UserId | "authority";
const nameOf = (about: Logged): string => prefix + about;

/**
 * Records the entries that were shown about a user. They must begin with all entries that were
 * shown before.
 * @returns the number of entries that were reviewed
 * @throws LogError mismatch, rolled_back
 */
export async function noteHistory(
  transaction: StoreTransaction,
  user: Logged,
  { leaves, indexes }: Pick<KeyHistory, "leaves" | "indexes">,
): Promise<number> {
  const { entries, reviewed } = await load(transaction, user);
  if (leaves.length < entries.length)
    throw new LogError("rolled_back", "key history", `had ${entries.length} entries before.`);
  const shown = leaves.map((leaf, at) => ({ leaf, index: indexes[at] ?? 0 }));
  const isSame = entries.every(
    ({ index, leaf }, at) =>
      shown[at]?.index === index && equalBytes(leaf, shown[at]?.leaf ?? new Uint8Array(0)),
  );
  if (!isSame)
    throw new LogError(
      "mismatch",
      "key history",
      `differs in its first ${entries.length} entries.`,
    );
  if (leaves.length > entries.length) save(transaction, user, { entries: shown, reviewed });
  return reviewed;
}

/** Records that the first `reviewed` entries, all of which were shown, were reviewed. */
export async function noteReviewed(
  transaction: StoreTransaction,
  user: UserId,
  reviewed: number,
): Promise<void> {
  const before = await load(transaction, user);
  if (reviewed > before.reviewed) save(transaction, user, { ...before, reviewed });
}

/**
 * Forgets the entries that a declared restore of the log lost. All others must be shown again, and
 * entries that take the place of the lost ones are reviewed.
 * @param size the log continues from its first `size` entries
 */
export async function forgetLost(transaction: StoreTransaction, size: number): Promise<void> {
  for (const [name, record] of await transaction.list(prefix)) {
    const { entries, reviewed } = decodeRecord(seen, record);
    const left = entries.filter(({ index }) => index < size);
    if (left.length === entries.length) continue;
    const changed = { entries: left, reviewed: Math.min(reviewed, left.length) };
    transaction.put(name, encodeRecord(seen, changed));
  }
}

type Seen = MessageOf<typeof seen>;

async function load(transaction: Pick<ReadTransaction, "get">, user: Logged): Promise<Seen> {
  const record = await transaction.get(nameOf(user));
  return record === undefined ? { entries: [], reviewed: 0 } : decodeRecord(seen, record);
}

const save = (transaction: StoreTransaction, user: Logged, value: Seen): void =>
  transaction.put(nameOf(user), encodeRecord(seen, value));
