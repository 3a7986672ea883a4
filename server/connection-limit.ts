/** How many connections of one kind there may be at once. */
export interface ConnectionLimits {
  readonly perNode: number;
  readonly perNetwork: number;
}

/**
 * Counts connections of senders who have not authenticated. Each costs memory and a file
 * descriptor, so strangers may hold only a limited number, and one network fewer.
 */
export class ConnectionLimit {
  readonly #limits: ConnectionLimits;
  readonly #byNetwork = new Map<string, number>();
  #size = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * @param network as `networkOf` returns it; undefined for a connection that only counts for the
   *   node, because it is a proxy's
   * @returns a function that releases the place and may be called repeatedly; undefined when none
   *   is free
   */
  enter(network: string | undefined): (() => void) | undefined {
    const count = network === undefined ? 0 : (this.#byNetwork.get(network) ?? 0);
    const { perNode, perNetwork } = this.#limits;
    if (this.#size >= perNode || count >= perNetwork) return undefined;
    this.#size++;
    if (network !== undefined) this.#byNetwork.set(network, count + 1);
    let inside = true;
    return () => {
      if (inside) this.#leave(network);
      inside = false;
    };
  }

  #leave(network: string | undefined): void {
    this.#size--;
    if (network === undefined) return;
    const left = (this.#byNetwork.get(network) ?? 1) - 1;
    if (left === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, left);
  }
}
