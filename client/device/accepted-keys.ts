import { toHex } from "../../crypto/wire/bytes.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";

const prefix = "accepted-account!";
const nameOf = (user: UserId, accountKey: Uint8Array): string => `${user}!${toHex(accountKey)}`;

/**
 * Returns the account keys of a user that a person accepted, and those that they replaced. Each is 32 bytes.
 */
export async function acceptedKeysOf(
  transaction: Pick<ReadTransaction, "list">,
  user: UserId,
): Promise<readonly Uint8Array[]> {
  const entries = await transaction.list(`${prefix}${user}!`);
  return entries.map(([, accountKey]) => accountKey);
}

/**
 * The changed account keys that a person accepted, and those that they replaced. What was signed under them
 * counts. A key that another one followed before a person accepted it stays out, because nobody compared it.
 */
export class AcceptedKeys {
  readonly #names: Set<string>;

  private constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  static async load(transaction: Pick<ReadTransaction, "list">): Promise<AcceptedKeys> {
    const entries = await transaction.list(prefix);
    return new AcceptedKeys(entries.map(([name]) => name.slice(prefix.length)));
  }

  has(user: UserId, accountKey: Uint8Array): boolean {
    return this.#names.has(nameOf(user, accountKey));
  }

  /** Call the function that it returns once the transaction is committed. */
  add(transaction: StoreTransaction, user: UserId, accountKeys: readonly Uint8Array[]): () => void {
    for (const key of accountKeys) transaction.put(prefix + nameOf(user, key), key);
    return () => {
      for (const key of accountKeys) this.#names.add(nameOf(user, key));
    };
  }
}
