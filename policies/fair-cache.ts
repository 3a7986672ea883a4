import type { Holder } from "./fair-shares.ts";

/**
 * A cache of limited size that tenants share. The least recently used entry goes first: of the tenant
 * that adds one if it holds more than its fair part, and otherwise of the tenant that holds most. So
 * a tenant cannot push out the entries of another one that holds less than its part.
 */
export class FairCache<V, Name extends string = string> {
  readonly #capacity: number;
  readonly #tenants = new Map<Holder["tenant"], Map<Name, V>>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns an entry. It then counts as the most recently used one of its tenant. */
  get(tenant: Holder["tenant"], name: Name): V | undefined {
    const entries = this.#tenants.get(tenant);
    const value = entries?.get(name);
    if (entries === undefined || value === undefined) return undefined;
    entries.delete(name);
    entries.set(name, value);
    return value;
  }

  /** Returns an entry without a change of the order. */
  peek(tenant: Holder["tenant"], name: Name): V | undefined {
    return this.#tenants.get(tenant)?.get(name);
  }

  /** @returns the name of the entry that went in exchange */
  set(tenant: Holder["tenant"], name: Name, value: V): Name | undefined {
    this.delete(tenant, name);
    const entries = this.#tenants.get(tenant) ?? new Map<Name, V>();
    this.#tenants.set(tenant, entries);
    entries.set(name, value);
    this.#size++;
    if (this.#size <= this.#capacity) return undefined;
    const isOver = entries.size > this.#capacity / this.#tenants.size;
    const from = isOver ? tenant : this.#largest();
    if (from === undefined) return undefined;
    const [oldest] = this.#tenants.get(from)?.keys() ?? [];
    if (oldest !== undefined) this.delete(from, oldest);
    return oldest;
  }

  delete(tenant: Holder["tenant"], name: Name): void {
    const entries = this.#tenants.get(tenant);
    if (entries?.delete(name) !== true) return;
    this.#size--;
    if (entries.size === 0) this.#tenants.delete(tenant);
  }

  /** Deletes every entry that `isOld` selects: of one tenant, or of all. */
  deleteWhere(isOld: (value: V) => boolean, tenant?: Holder["tenant"]): void {
    for (const of of tenant === undefined ? [...this.#tenants.keys()] : [tenant])
      for (const [name, value] of this.#tenants.get(of) ?? [])
        if (isOld(value)) this.delete(of, name);
  }

  clear(): void {
    this.#tenants.clear();
    this.#size = 0;
  }

  #largest(): Holder["tenant"] | undefined {
    let largest: Holder["tenant"] | undefined;
    let size = 0;
    for (const [tenant, entries] of this.#tenants)
      if (entries.size > size) [largest, size] = [tenant, entries.size];
    return largest;
  }
}
