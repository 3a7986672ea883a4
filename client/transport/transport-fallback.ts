import type { TransportFactory } from "./channel.ts";

/**
 * The number of times in a row that the first transport must fail. It is the best one, and a
 * network may fail briefly.
 */
const patience = 2;

/**
 * Chooses the next transport. It keeps the first while that works. It takes the next one if a
 * channel did not even bring a welcome. When all have failed, it starts again with the first.
 */
export class TransportFallback {
  readonly #transports: readonly TransportFactory[];
  #at = 0;
  #failures = 0;

  /** @param transports at least one, the best one first */
  constructor(transports: readonly [TransportFactory, ...TransportFactory[]]) {
    this.#transports = transports;
  }

  get first(): TransportFactory {
    return this.#transports[0] as TransportFactory;
  }

  get present(): TransportFactory {
    return this.#transports[this.#at] as TransportFactory;
  }

  get onFirst(): boolean {
    return this.#at === 0;
  }

  /** Notes that a channel of the current transport brought a welcome. */
  worked(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
    if (this.#failures < (this.#at === 0 ? patience : 1)) return;
    this.#failures = 0;
    this.#at = (this.#at + 1) % this.#transports.length;
  }

  /** Returns to the first transport, which works again. */
  upgrade(): void {
    this.#at = 0;
    this.#failures = 0;
  }
}
