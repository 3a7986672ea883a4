import type { Fence } from "../crypto/wire/ids.ts";

/** The holder of a part of a shared resource. */
export interface Holder {
  /** Also what the server does on a log itself is counted by the log. */
  readonly tenant: Fence;
  readonly account: string;
}

/**
 * The amount of a resource that a node gives away, and the amounts that one tenant and one account
 * may hold.
 */
export interface ShareLimits {
  readonly node: number;
  readonly tenant: number;
  readonly account: number;
}

/** The limit that refused a request. */
export type ReachedLimit = keyof ShareLimits;

interface TenantShare {
  held: number;
  readonly accounts: Map<string, number>;
}

/**
 * Divides a resource of a node among tenants, and a tenant's share among its accounts.
 *
 * A full tenant refuses only accounts that hold their fair part of it already: the tenant's share
 * divided by its accounts that hold something. A full node refuses only tenants that hold their
 * fair part of the node, and never the first amount of a tenant. So no tenant can take the share
 * that another one needs. In exchange, `n` tenants together may hold up to `node * (1 + ln n)`, and
 * a tenant may exceed its share in the same way.
 */
export class FairShares {
  readonly #limits: ShareLimits;
  readonly #mostOf: (tenant: Holder["tenant"]) => number | undefined;
  readonly #tenants = new Map<Holder["tenant"], TenantShare>();
  #held = 0;

  /** @param mostOf returns what an operator permits a tenant in place of `limits.tenant` */
  constructor(
    limits: ShareLimits,
    mostOf: (tenant: Holder["tenant"]) => number | undefined = () => undefined,
  ) {
    this.#limits = limits;
    this.#mostOf = mostOf;
  }

  /** Returns how much all tenants hold together. */
  get held(): number {
    return this.#held;
  }

  /** @returns undefined if the holder now holds `amount` more, or the limit that refused it */
  take({ tenant, account }: Holder, amount = 1): ReachedLimit | undefined {
    const limits = this.#limits;
    const share = this.#tenants.get(tenant) ?? { held: 0, accounts: new Map<string, number>() };
    const own = share.accounts.get(account) ?? 0;
    if (own + amount > limits.account) return "account";
    const accounts = share.accounts.size + (own === 0 ? 1 : 0);
    const most = this.#mostOf(tenant) ?? limits.tenant;
    if (share.held + amount > most && own + amount > most / accounts) return "tenant";
    const tenants = this.#tenants.size + (share.held === 0 ? 1 : 0);
    const isFull = this.#held + amount > limits.node;
    if (isFull && share.held > 0 && share.held + amount > limits.node / tenants) return "node";
    share.held += amount;
    share.accounts.set(account, own + amount);
    this.#tenants.set(tenant, share);
    this.#held += amount;
    return undefined;
  }

  /** Returns `amount` that the holder took before. */
  release({ tenant, account }: Holder, amount = 1): void {
    const share = this.#tenants.get(tenant);
    if (share === undefined) return;
    const own = (share.accounts.get(account) ?? 0) - amount;
    if (own > 0) share.accounts.set(account, own);
    else share.accounts.delete(account);
    share.held -= amount;
    this.#held -= amount;
    if (share.accounts.size === 0) this.#tenants.delete(tenant);
  }
}
