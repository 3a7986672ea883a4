import type { Holder } from "./fair-shares.ts";

/**
 * A queue that serves tenants in turn, and the accounts of a tenant in turn (round robin). A long
 * queue of one account delays the others of its tenant by one turn, and other tenants not more.
 */
export class FairQueue<T> {
  /** Whoever is first in a map is served next, and goes to its end. */
  readonly #tenants = new Map<string, Map<string, T[]>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push({ tenant, account }: Holder, item: T): void {
    const accounts = this.#tenants.get(tenant) ?? new Map<string, T[]>();
    const items = accounts.get(account) ?? [];
    items.push(item);
    accounts.set(account, items);
    this.#tenants.set(tenant, accounts);
    this.#size++;
  }

  /**
   * Takes the next item.
   * @param mayServe leaves out those who may not be served now; they keep their turns
   */
  take(mayServe: (holder: Holder) => boolean = () => true): T | undefined {
    for (const [tenant, accounts] of this.#tenants)
      for (const account of accounts.keys())
        if (mayServe({ tenant, account })) return this.#takeOf(tenant, accounts, account);
    return undefined;
  }

  /** Takes an item out of its turn. */
  remove({ tenant, account }: Holder, item: T): void {
    const accounts = this.#tenants.get(tenant);
    const items = accounts?.get(account);
    const index = items?.indexOf(item) ?? -1;
    if (accounts === undefined || items === undefined || index === -1) return;
    items.splice(index, 1);
    this.#size--;
    if (items.length === 0) accounts.delete(account);
    if (accounts.size === 0) this.#tenants.delete(tenant);
  }

  #takeOf(tenant: string, accounts: Map<string, T[]>, account: string): T | undefined {
    const items = accounts.get(account) ?? [];
    const item = items.shift();
    this.#size--;
    accounts.delete(account);
    if (items.length > 0) accounts.set(account, items);
    this.#tenants.delete(tenant);
    if (accounts.size > 0) this.#tenants.set(tenant, accounts);
    return item;
  }
}
