/**
 * Takes a given number of bytes at a time from pieces of any size. It holds at most one piece more
 * than that.
 */
export class Taker {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #seen: (piece: Uint8Array) => void;
  #rest: Uint8Array = new Uint8Array(0);

  /** @param seen called with every piece that arrives */
  constructor(data: AsyncIterable<Uint8Array>, seen: (piece: Uint8Array) => void) {
    this.#pieces = data[Symbol.asyncIterator]();
    this.#seen = seen;
  }

  /**
   * Returns the next `length` bytes in memory of their own. There are fewer only at the end of the
   * data.
   */
  async take(length: number): Promise<Uint8Array> {
    const taken = new Uint8Array(length);
    for (let filled = 0; ;) {
      const part = this.#rest.subarray(0, length - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
      if (filled === length) return taken;
      const next = await this.#pieces.next();
      if (next.done === true) return taken.subarray(0, filled);
      this.#seen(next.value);
      this.#rest = next.value;
    }
  }

  /** Releases the data before its end. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
