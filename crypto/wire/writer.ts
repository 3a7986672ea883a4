import { writeUuid, type Uuid } from "./uuid.ts";

/** Writes one kind of value. */
interface Writes<T> {
  write(value: T, writer: Writer): void;
}

/** Memory from which encodings are cut, one after another. */
const SLAB_BYTES = 8 * 1024;

/**
 * Writes protobuf directly into the memory that it returns. A message or a delivery allocates
 * nothing but the view of its bytes.
 */
export class Writer {
  #slab = new Uint8Array(SLAB_BYTES);
  #start = 0;
  #at = 0;

  /** Writes an unsigned integer below 2^53. */
  varint(value: number): void {
    this.#reserve(10);
    this.#varint(value);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length + 10);
    this.#varint(value.length);
    this.#slab.set(value, this.#at);
    this.#at += value.length;
  }

  uuid(id: Uuid): void {
    this.#reserve(17);
    this.#slab[this.#at] = 16;
    writeUuid(id, this.#slab, this.#at + 1);
    this.#at += 17;
  }

  /** Writes a value after its length. */
  nested<T>(type: Writes<T>, value: T): void {
    this.#reserve(10);
    // Most lengths take one byte. For a longer one, the value moves.
    const offset = this.#at - this.#start;
    this.#at++;
    type.write(value, this);
    const length = this.#at - this.#start - offset - 1;
    this.#reserve(10);
    const begin = this.#start + offset;
    const extra = widthOf(length) - 1;
    if (extra > 0) this.#slab.copyWithin(begin + 1 + extra, begin + 1, this.#at);
    this.#at = begin;
    this.#varint(length);
    this.#at += length;
  }

  /** Returns the bytes that were written since the last call. */
  finish(): Uint8Array {
    const all = this.#slab.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return all;
  }

  /** Discards the bytes that were written since `finish`. */
  reset(): void {
    this.#at = this.#start;
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#slab[this.#at++] = (rest % 128) | 128;
    this.#slab[this.#at++] = rest;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#slab.length) return;
    const begun = this.#slab.subarray(this.#start, this.#at);
    const slab = new Uint8Array(Math.max(SLAB_BYTES, 2 * (begun.length + count)));
    slab.set(begun, 0);
    this.#slab = slab;
    this.#start = 0;
    this.#at = begun.length;
  }
}

const widthOf = (length: number): number => {
  let width = 1;
  for (let rest = length; rest >= 128; rest = Math.floor(rest / 128)) width++;
  return width;
};

const shared = new Writer();

/**
 * Returns the bytes of one value. They share memory with other values, so do not use their
 * `buffer`.
 */
export function written<T>(type: Writes<T>, value: T): Uint8Array {
  shared.reset();
  type.write(value, shared);
  return shared.finish();
}
