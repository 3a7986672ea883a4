import type { TransportFactory } from "./channel.ts";

/** How often the first way has to fail in a row: it is the best, and networks come and go. */
const patience = 2;

/**
 * Which way to the relay is taken next: the first, as long as it works; another one when a channel
 * did not even bring a welcome; and again the first when all have failed.
 */
export class TransportFallback {
  readonly #transports: readonly TransportFactory[];
  #at = 0;
  #failures = 0;

  /** @param ways at least one, the best first */
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

  /** A channel of the present way brought a welcome. */
  worked(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
    if (this.#failures < (this.#at === 0 ? patience : 1)) return;
    this.#failures = 0;
    this.#at = (this.#at + 1) % this.#transports.length;
  }

  /** Back to the first way, which is open again. */
  climb(): void {
    this.#at = 0;
    this.#failures = 0;
  }
}
