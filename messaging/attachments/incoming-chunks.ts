import { CHUNK_BYTES } from "../../keys/at-rest/blob-seal.ts";

/** Cuts the data of an upload request into chunks. An incomplete chunk at the end is left over. */
export class IncomingChunks {
  readonly #data: AsyncIterator<Uint8Array>;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #filled: number;
  #piece: Uint8Array = new Uint8Array(0);
  #missing: number;
  #broken: { readonly error: unknown } | undefined;

  /**
   * @param start the part of the first chunk that is already there
   * @param missing number of bytes from the beginning of that chunk to the end of the upload; no
   *   more are taken
   */
  constructor(start: Uint8Array, data: AsyncIterable<Uint8Array>, missing: number) {
    this.#data = data[Symbol.asyncIterator]();
    this.#chunk.set(start);
    this.#filled = start.length;
    this.#missing = missing;
  }

  /** Returns the next full chunk, or undefined if there is none. The next call overwrites it. */
  async next(): Promise<Uint8Array | undefined> {
    const wanted = Math.min(CHUNK_BYTES, this.#missing);
    if (wanted === 0) return undefined;
    while (this.#piece.length > 0 || (await this.#pull())) {
      const taken = this.#piece.subarray(0, wanted - this.#filled);
      this.#chunk.set(taken, this.#filled);
      this.#filled += taken.length;
      this.#piece = this.#piece.subarray(taken.length);
      if (this.#filled < wanted) continue;
      this.#filled = 0;
      this.#missing -= wanted;
      return this.#chunk.subarray(0, wanted);
    }
    return undefined;
  }

  /** Returns the bytes after the last full chunk. */
  get rest(): Uint8Array {
    return this.#chunk.subarray(0, this.#filled);
  }

  /** @throws the error with which the data ended, if there was one */
  assertEnd(): void {
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  /** @returns whether there was more data */
  async #pull(): Promise<boolean> {
    if (this.#broken !== undefined) return false;
    try {
      const next = await this.#data.next();
      if (next.done === true) return false;
      this.#piece = next.value;
      return true;
    } catch (error) {
      this.#broken = { error };
      return false;
    }
  }
}
