/** How many sockets may wait for their welcome at once. */
export interface PendingUpgradeLimits {
  readonly perNode: number;
  readonly perAddress: number;
}

/**
 * Counts sockets between upgrade and welcome. Each costs memory and a file descriptor until the
 * hello deadline, so strangers may hold only a limited number, and one address fewer.
 */
export class PendingUpgrades {
  readonly #limits: PendingUpgradeLimits;
  readonly #byAddress = new Map<string, number>();
  #size = 0;

  constructor(limits: PendingUpgradeLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * @returns a function that releases the place and may be called repeatedly; undefined when none
   *   is free
   */
  enter(address: string): (() => void) | undefined {
    const count = this.#byAddress.get(address) ?? 0;
    const { perNode, perAddress } = this.#limits;
    if (this.#size >= perNode || count >= perAddress) return undefined;
    this.#size++;
    this.#byAddress.set(address, count + 1);
    let inside = true;
    return () => {
      if (inside) this.#leave(address);
      inside = false;
    };
  }

  #leave(address: string): void {
    this.#size--;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
  }
}
