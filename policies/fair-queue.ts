import type { Holder } from "./fair-shares.ts";

/**
 * A queue that serves tenants in turn, and the accounts of a tenant in turn (round robin). A long
 * queue of one account delays the others of its tenant by one turn, and other tenants not more.
 */
export class FairQueue<T> {
  /** The first key of a map is served next and then moves to its end. */
  readonly #tenants = new Map<Holder["tenant"], Map<string, T[]>>();
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
   * Takes the next item. Tenants and accounts that may not be served now keep their turns.
   * @param mayServeTenant is called before the accounts of a tenant are looked at
   */
  take(
    mayServeTenant: (tenant: Holder["tenant"]) => boolean = () => true,
    mayServeAccount: (holder: Holder) => boolean = () => true,
  ): T | undefined {
    for (const [tenant, accounts] of this.#tenants)
      if (mayServeTenant(tenant))
        for (const account of accounts.keys())
          if (mayServeAccount({ tenant, account })) return this.#takeOf(tenant, accounts, account);
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

  #takeOf(tenant: Holder["tenant"], accounts: Map<string, T[]>, account: string): T | undefined {
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
