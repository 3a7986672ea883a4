/** Sockets not let in yet: how many there may be at once. */
export interface WaitingLimits {
  readonly perNode: number;
  readonly perAddress: number;
}

/**
 * Places for sockets between upgrade and welcome. Whoever is not let in costs memory and a file
 * descriptor until the hello deadline, so strangers may hold only so many, and one address fewer.
 */
export class WaitingRoom {
  readonly #limits: WaitingLimits;
  readonly #byAddress = new Map<string, number>();
  #size = 0;

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns what gives the place back, any number of times; undefined when there is none */
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
