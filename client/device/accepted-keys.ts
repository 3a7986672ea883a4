import { toHex } from "../../crypto/wire/bytes.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";

const prefix = "accepted-account!";
const nameOf = (user: UserId, accountKey: Uint8Array): string => `${user}!${toHex(accountKey)}`;

/**
 * The changed account keys that a person accepted, with the keys that the accounts had before them. What was
 * signed under them counts.
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
  add(transaction: StoreTransaction, user: UserId, keys: readonly Uint8Array[]): () => void {
    const names = keys.map((key) => nameOf(user, key));
    for (const name of names) transaction.put(prefix + name, new Uint8Array(1));
    return () => {
      for (const name of names) this.#names.add(name);
    };
  }
}
