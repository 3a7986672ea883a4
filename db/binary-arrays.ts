/**
 * Arrays in PostgreSQL's binary format. node-postgres sends a Buffer parameter as binary, so a
 * batch of rows travels as one array per column without being turned into text
 * (half the cost of the text form, docs/performance.md).
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

function fixedWidth(
  oid: number,
  width: number,
  count: number,
  write: (buffer: Buffer, offset: number, index: number) => void,
): Buffer {
  const buffer = header(oid, count, count * (4 + width));
  for (let index = 0, at = 20; index < count; index++, at += 4 + width) {
    buffer.writeInt32BE(width, at);
    write(buffer, at + 4, index);
  }
  return buffer;
}

export function uuidArray(values: readonly string[]): Buffer {
  return fixedWidth(OID.uuid, 16, values.length, (buffer, at, index) => {
    buffer.write((values[index] ?? "").replaceAll("-", ""), at, "hex");
  });
}

export function int2Array(values: readonly number[]): Buffer {
  return fixedWidth(OID.int2, 2, values.length, (buffer, at, index) => {
    buffer.writeInt16BE(values[index] ?? 0, at);
  });
}

export function int4Array(values: readonly number[]): Buffer {
  return fixedWidth(OID.int4, 4, values.length, (buffer, at, index) => {
    buffer.writeInt32BE(values[index] ?? 0, at);
  });
}

/** Values must be safe integers and not negative. */
export function int8Array(values: readonly number[]): Buffer {
  return fixedWidth(OID.int8, 8, values.length, (buffer, at, index) => {
    const value = values[index] ?? 0;
    buffer.writeUInt32BE(Math.floor(value / 2 ** 32), at);
    buffer.writeUInt32BE(value >>> 0, at + 4);
  });
}

export function byteaArray(values: readonly Uint8Array[]): Buffer {
  const total = values.reduce((sum, value) => sum + 4 + value.length, 0);
  const buffer = header(OID.bytea, values.length, total);
  let at = 20;
  for (const value of values) {
    buffer.writeInt32BE(value.length, at);
    buffer.set(value, at + 4);
    at += 4 + value.length;
  }
  return buffer;
}
