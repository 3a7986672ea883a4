import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { WireError } from "./wire-error.ts";

/** Reads protobuf. Every method throws for bytes that are not protobuf. */
export interface Reader {
  readonly input: Uint8Array;
  /** The position of the next byte. */
  pos: number;
  /** Returns the next field's number and wire type, as they are encoded. */
  key(): number;
  /** Returns an unsigned integer. One above 2^53 may be rounded, and is not below 2^53 then. */
  number(): number;
  /** Skips bytes after their length. @returns where they begin and end */
  span(): { readonly start: number; readonly end: number };
  /** Returns the bytes after their length, as a part of the input. */
  bytes(): Uint8Array;
  /** Skips a field's value. */
  skip(wireType: number, field: number): unknown;
}

export const createReader = (input: Uint8Array): Reader => new StrictReader(input);

// Nearly all keys and lengths take one byte. The library reads each into an array, or a loop.
const FIRST_KEY = 8;
const TWO_BYTES = 128;

/** Cuts no length to 32 bits, also not in fields that it skips, as the library's reader does. */
class StrictReader extends BinaryReader implements Reader {
  readonly input: Uint8Array;

  constructor(input: Uint8Array) {
    super(input);
    this.input = input;
  }

  key(): number {
    const byte = this.input[this.pos] ?? 0;
    if (byte >= FIRST_KEY && byte < TWO_BYTES) {
      this.pos++;
      return byte;
    }
    const [field, wireType] = this.tag();
    return ((field << 3) | wireType) >>> 0;
  }

  number(): number {
    const start = this.pos;
    const byte = this.input[start] ?? TWO_BYTES;
    if (byte < TWO_BYTES) {
      this.pos = start + 1;
      return byte;
    }
    const value = this.uint32();
    if (this.pos - start <= 4) return value;
    this.pos = start;
    return Number(this.uint64());
  }

  span(): { readonly start: number; readonly end: number } {
    const length = this.number();
    const start = this.pos;
    const end = start + length;
    if (end > this.len) throw new WireError("malformed_frame", "A frame is truncated.");
    this.pos = end;
    return { start, end };
  }

  override bytes(): Uint8Array {
    const { start, end } = this.span();
    return this.input.subarray(start, end);
  }

  override skip(wireType: WireType, field?: number, depth?: number): Uint8Array {
    if (wireType === WireType.LengthDelimited) return this.bytes();
    return super.skip(wireType, field, depth);
  }
}
