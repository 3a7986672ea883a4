import type { Way } from "./channel.ts";

/** How often the first way has to fail in a row: it is the best, and networks come and go. */
const patience = 2;

/**
 * Which way to the relay is taken next: the first, as long as it works; another one when a channel
 * did not even bring a welcome; and again the first when all have failed.
 */
export class Ladder {
  readonly #ways: readonly Way[];
  #at = 0;
  #failures = 0;

  /** @param ways at least one, the best first */
  constructor(ways: readonly [Way, ...Way[]]) {
    this.#ways = ways;
  }

  get first(): Way {
    return this.#ways[0] as Way;
  }

  get present(): Way {
    return this.#ways[this.#at] as Way;
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
    this.#at = (this.#at + 1) % this.#ways.length;
  }

  /** Back to the first way, which is open again. */
  climb(): void {
    this.#at = 0;
    this.#failures = 0;
  }
}
