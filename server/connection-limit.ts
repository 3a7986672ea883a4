import { siteOf } from "./network.ts";

/** The number of connections of one kind that there may be at once. */
export interface ConnectionLimits {
  readonly perNode: number;
  readonly perNetwork: number;
}

interface HeldConnection {
  readonly network: string;
  readonly end: () => void;
}

/** The places of one site, by network. Those of one network are in the order in which they began. */
interface Site {
  held: number;
  readonly networks: Map<string, Set<HeldConnection>>;
}

/**
 * Counts connections of senders who have not authenticated. Each costs memory and a file
 * descriptor, so strangers may hold only a limited number, and one network may hold fewer.
 *
 * When the node is full, a new connection takes the oldest place of the site that holds the most,
 * if that site holds more than its own. Within one site the networks share in the same way. So a
 * few sites that take every place do not keep others out.
 */
export class ConnectionLimit {
  readonly #limits: ConnectionLimits;
  readonly #sites = new Map<string, Site>();
  #size = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * @param network as `networkOf` returns it; undefined for a connection that only counts for the
   *   node, because it is a proxy's. Such a connection is never ended for another one.
   * @param end ends the connection, because its place is given to another one
   * @returns a function that releases the place and may be called repeatedly; undefined when none
   *   is free
   */
  enter(network: string | undefined, end: () => void): (() => void) | undefined {
    const { perNode, perNetwork } = this.#limits;
    if (network !== undefined && this.#heldBy(network) >= perNetwork) return undefined;
    if (this.#size >= perNode) {
      const taken = this.#placeFor(network);
      if (taken === undefined) return undefined;
      this.#leave(taken);
      taken.end();
    }
    this.#size++;
    if (network === undefined) return once(() => this.#size--);
    const place = { network, end };
    const name = siteOf(network);
    const site = this.#sites.get(name) ?? {
      held: 0,
      networks: new Map<string, Set<HeldConnection>>(),
    };
    this.#sites.set(name, site);
    site.held++;
    site.networks.set(network, (site.networks.get(network) ?? new Set()).add(place));
    return () => this.#leave(place);
  }

  #heldBy(network: string): number {
    return this.#sites.get(siteOf(network))?.networks.get(network)?.size ?? 0;
  }

  /** Returns the place that a new connection may take from another one. */
  #placeFor(network: string | undefined): HeldConnection | undefined {
    const own = network === undefined ? undefined : this.#sites.get(siteOf(network));
    const largest = largestOf(this.#sites.values(), ({ held }) => held);
    const isAnother = largest !== undefined && largest.held > (own?.held ?? 0) + 1;
    const site = isAnother ? largest : own;
    const places = largestOf(site?.networks.values() ?? [], ({ size }) => size);
    if (places === undefined) return undefined;
    const isShared = network === undefined || isAnother || places.size > this.#heldBy(network) + 1;
    return isShared ? places.values().next().value : undefined;
  }

  #leave(place: HeldConnection): void {
    const name = siteOf(place.network);
    const site = this.#sites.get(name);
    const places = site?.networks.get(place.network);
    if (site === undefined || places?.delete(place) !== true) return;
    this.#size--;
    site.held--;
    if (places.size === 0) site.networks.delete(place.network);
    if (site.held === 0) this.#sites.delete(name);
  }
}

function largestOf<T>(all: Iterable<T>, sizeOf: (one: T) => number): T | undefined {
  let largest: T | undefined;
  for (const one of all) if (largest === undefined || sizeOf(one) > sizeOf(largest)) largest = one;
  return largest;
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
