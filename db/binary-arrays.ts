import { writeUuid, type Uuid } from "../crypto/wire/uuid.ts";

/**
 * Arrays in PostgreSQL's binary format. node-postgres sends a Buffer parameter as binary. So a batch of
 * rows travels as one array per column and is never turned into text, which would cost twice as much.
 */

const OID = { bytea: 17, int8: 20, int2: 21, int4: 23, uuid: 2950 } as const;

function header(oid: number, count: number, dataBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(20 + dataBytes);
  buffer.writeInt32BE(count === 0 ? 0 : 1, 0); // dimensions
  buffer.writeInt32BE(0, 4); // no nulls
  buffer.writeInt32BE(oid, 8);
  if (count === 0) return buffer.subarray(0, 12);
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16); // lower bound
  return buffer;
}

/** The header, and the length before each value. All values have the same length. */
function fixedWidth(oid: number, width: number, count: number): Buffer {
  const buffer = header(oid, count, count * (4 + width));
  for (let index = 0, at = 20; index < count; index++, at += 4 + width) putInt4(buffer, at, width);
  return buffer;
}

// Writes the bytes itself, because Buffer's own methods check facts that are already known here.
function putInt4(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

export function uuidArray(values: readonly Uuid[]): Buffer {
  const buffer = fixedWidth(OID.uuid, 16, values.length);
  let at = 24;
  for (const value of values) {
    writeUuid(value, buffer, at);
    at += 20;
  }
  return buffer;
}

export function int2Array(values: readonly number[]): Buffer {
  const buffer = fixedWidth(OID.int2, 2, values.length);
  let at = 24;
  for (const value of values) {
    buffer[at] = value >>> 8;
    buffer[at + 1] = value;
    at += 6;
  }
  return buffer;
}

export function int4Array(values: readonly number[]): Buffer {
  const buffer = fixedWidth(OID.int4, 4, values.length);
  let at = 24;
  for (const value of values) {
    putInt4(buffer, at, value);
    at += 8;
  }
  return buffer;
}

/** Values must be safe integers and not negative. */
export function int8Array(values: readonly number[]): Buffer {
  const buffer = fixedWidth(OID.int8, 8, values.length);
  let at = 24;
  for (const value of values) {
    putInt4(buffer, at, Math.floor(value / 2 ** 32));
    putInt4(buffer, at + 4, value);
    at += 12;
  }
  return buffer;
}

export function byteaArray(values: readonly Uint8Array[]): Buffer {
  let total = 0;
  for (const value of values) total += 4 + value.length;
  const buffer = header(OID.bytea, values.length, total);
  let at = 20;
  for (const value of values) {
    putInt4(buffer, at, value.length);
    buffer.set(value, at + 4);
    at += 4 + value.length;
  }
  return buffer;
}
