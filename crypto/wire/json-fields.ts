/** Reads the fields of signed and logged records, which are canonical JSON (RFC 8785). */
import { equalBytes, fromBase64Url, fromUtf8, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import { isId } from "./ids.ts";
import type { Uuid } from "./uuid.ts";
import { WireError } from "./wire-error.ts";

/** The fields of a record, none of which was checked yet. */
export type JsonFields = Readonly<Record<string, unknown>>;

/**
 * Parses a record and requires its canonical text, so that no record has two texts: unknown fields,
 * another order and another spelling are refused.
 * @param read checks the fields
 * @param write returns the fields of the parsed record
 * @throws WireError malformed_record
 */
export function decodeCanonical<T>(
  text: Uint8Array,
  read: (fields: JsonFields) => T,
  write: (record: T) => CanonicalValue,
): T {
  const record = read(fieldsOf(text));
  if (!equalBytes(utf8(canonicalJson(write(record))), text)) throw malformed();
  return record;
}

function fieldsOf(text: Uint8Array): JsonFields {
  try {
    return objectOf(JSON.parse(fromUtf8(text)));
  } catch (cause) {
    throw malformed(cause);
  }
}

/** @throws WireError malformed_record: the value is not an object */
export function objectOf(value: unknown): JsonFields {
  if (typeof value === "object" && value !== null) return value as JsonFields;
  throw malformed();
}

/** @throws WireError malformed_record */
export function idIn<I extends Uuid>(fields: JsonFields, name: string): I {
  const value = fields[name];
  if (!isId<I>(value)) throw malformed();
  return value;
}

/**
 * Returns bytes from base64url text without padding.
 * @throws WireError malformed_record
 */
export function bytesIn(fields: JsonFields, name: string, length: number): Uint8Array {
  const value = fields[name];
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]+$/.test(value)) throw malformed();
  const bytes = value.length % 4 === 1 ? undefined : fromBase64Url(value);
  if (bytes?.length !== length) throw malformed();
  return bytes;
}

/**
 * Returns a whole number of at least `least`.
 * @throws WireError malformed_record
 */
export function countIn(fields: JsonFields, name: string, least = 0): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) throw malformed();
  return value;
}

/** @throws WireError malformed_record */
export function oneOfIn<const T>(fields: JsonFields, name: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === fields[name]);
  if (found === undefined) throw malformed();
  return found;
}

export const malformed = (cause?: unknown): WireError =>
  new WireError("malformed_record", "The record does not have the documented form.", { cause });
