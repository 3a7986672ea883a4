import { LogError } from "../../audit/verify/log-error.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { fixed, message, uint } from "../../crypto/wire/protobuf.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import type { KeyHistory } from "./key-history.ts";

const seen = message({ version: [1, uint()], leaf: [2, fixed(32)] });
const nameOf = (user: Uuid): string => `key-log-seen!${user}`;

/**
 * How many entries about `user` were seen before; those must be the first of `history`.
 * @throws LogError mismatch, rolled_back
 */
export async function requireExtension(
  transaction: Pick<ReadTransaction, "get">,
  user: Uuid,
  history: KeyHistory,
): Promise<number> {
  const record = await transaction.get(nameOf(user));
  if (record === undefined) return 0;
  const { version, leaf } = decodeRecord(seen, record);
  const same = history.leaves[version - 1];
  if (same === undefined)
    throw new LogError("rolled_back", "key history", `had ${version} entries before.`);
  if (!equalBytes(same, leaf))
    throw new LogError("mismatch", "key history", `has another entry of version ${version}.`);
  return version;
}

export function saveSeen(transaction: StoreTransaction, user: Uuid, { leaves }: KeyHistory): void {
  const leaf = leaves.at(-1);
  if (leaf !== undefined)
    transaction.put(nameOf(user), encodeRecord(seen, { version: leaves.length, leaf }));
}
