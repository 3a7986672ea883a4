import type { TenantId } from "../crypto/wire/ids.ts";
import { siteOf } from "./network.ts";

/** The number of bytes of unfinished input that may be in memory at once. */
export interface HeldBytesLimits {
  /** The limit of one network, for senders who have not authenticated. */
  readonly network: number;
  /** The same, from all networks of one site. */
  readonly site: number;
  /** The limit of all senders who have not authenticated. */
  readonly strangers: number;
  readonly account: number;
  readonly tenant: number;
  /** The limit of all senders together. */
  readonly node: number;
}

/** The sender of the input. */
export type Sender =
  | { readonly kind: "stranger"; readonly network: string }
  | { readonly kind: "account"; readonly tenant: TenantId; readonly user: string };

/** The scope of the limit that was reached: the sender alone, or also others. */
export type HeldBytesLimit = "sender" | "everybody";

/**
 * Counts the bytes that bodies and hellos may fill before they are complete. Input that is not
 * complete does no work yet, and its sender may keep it so. So each sender, each tenant and all
 * strangers together have a limited share of this node's memory.
 */
export class HeldBytes {
  readonly #limits: HeldBytesLimits;
  readonly #held = new Map<string, number>();

  constructor(limits: HeldBytesLimits) {
    this.#limits = limits;
  }

  /** Returns the number of bytes that are held now. */
  get total(): number {
    return this.#held.get("node") ?? 0;
  }

  /** Counts nothing yet. */
  open(sender: Sender): Hold {
    const shares = this.#sharesOf(sender);
    return new Hold((bytes) => this.#add(shares, bytes));
  }

  #sharesOf(sender: Sender): readonly Share[] {
    const { network, site, strangers, account, tenant, node } = this.#limits;
    const everybody: Share = { key: "node", limit: node, of: "everybody" };
    if (sender.kind === "stranger")
      return [
        { key: `network ${sender.network}`, limit: network, of: "sender" },
        { key: `site ${siteOf(sender.network)}`, limit: site, of: "everybody" },
        { key: "strangers", limit: strangers, of: "everybody" },
        everybody,
      ];
    return [
      { key: `account ${sender.user}`, limit: account, of: "sender" },
      { key: `tenant ${sender.tenant}`, limit: tenant, of: "everybody" },
      everybody,
    ];
  }

  /** Adds to all shares or to none. */
  #add(shares: readonly Share[], bytes: number): HeldBytesLimit | undefined {
    const full = shares.find(({ key, limit }) => (this.#held.get(key) ?? 0) + bytes > limit);
    if (full !== undefined && bytes > 0) return full.of;
    for (const { key } of shares) {
      const held = (this.#held.get(key) ?? 0) + bytes;
      if (held === 0) this.#held.delete(key);
      else this.#held.set(key, held);
    }
    return undefined;
  }
}

interface Share {
  readonly key: string;
  readonly limit: number;
  readonly of: HeldBytesLimit;
}

/** The bytes that one body or one socket holds. */
export class Hold {
  readonly #add: (bytes: number) => HeldBytesLimit | undefined;
  #bytes = 0;

  constructor(add: (bytes: number) => HeldBytesLimit | undefined) {
    this.#add = add;
  }

  /**
   * Holds `bytes` more.
   * @returns whose limit they exceed, in which case they are not held; undefined if they are held
   */
  grow(bytes: number): HeldBytesLimit | undefined {
    const full = this.#add(bytes);
    if (full === undefined) this.#bytes += bytes;
    return full;
  }

  /** Holds nothing any more. It may be called repeatedly, and `grow` may be called after it. */
  release(): void {
    this.#add(-this.#bytes);
    this.#bytes = 0;
  }
}
