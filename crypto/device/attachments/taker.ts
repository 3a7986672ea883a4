/** Takes so many bytes at a time from pieces of any size; holds at most one piece beyond them. */
export class Taker {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #seen: (piece: Uint8Array) => void;
  #rest: Uint8Array = new Uint8Array(0);

  /** @param seen is called with every piece as it comes */
  constructor(data: AsyncIterable<Uint8Array>, seen: (piece: Uint8Array) => void) {
    this.#pieces = data[Symbol.asyncIterator]();
    this.#seen = seen;
  }

  /** The next `length` bytes, fewer only at the end of the data; memory of their own. */
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

  /** Lets go of the data before its end. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
