import { zeroise } from "./sodium.ts";

/**
 * Caches the last values that were read or written, up to a number of bytes. The least recently
 * used values leave first and are wiped. The cache owns its values: give callers copies.
 */
export class ReadCache {
  readonly #values = new Map<string, Uint8Array>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    // A Map keeps insertion order, so inserting an entry again moves it to the recent end.
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: string, value: Uint8Array): void {
    this.delete(key);
    if (value.length > this.#maxBytes) return;
    this.#values.set(key, value);
    this.#bytes += value.length;
    for (const [oldest] of this.#values) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= value.length;
    zeroise(value);
  }

  clear(): void {
    for (const key of this.#values.keys()) this.delete(key);
  }
}
