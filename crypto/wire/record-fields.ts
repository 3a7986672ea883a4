/** The fields of signed records whose text is canonical JSON (RFC 8785). All throw WireError malformed_record. */
import { fromBase64Url, fromUtf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import { isId } from "./ids.ts";
import type { Uuid } from "./uuid.ts";
import { WireError } from "./wire-error.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export const malformed = (cause?: unknown): WireError =>
  new WireError("malformed_record", "The record does not have the documented form.", { cause });

/**
 * Parses the text of a record, which must be the canonical form of what it says. Unknown fields, another
 * order or another spelling would give one record two texts.
 * @param mostBytes the largest size of the text in bytes
 */
export function decodeCanonical<R>(
  text: Uint8Array,
  mostBytes: number,
  fromJson: (json: JsonObject) => R,
  toJson: (record: R) => CanonicalValue,
): R {
  if (text.length > mostBytes) throw malformed();
  const record = fromJson(parsed(text));
  if (canonicalJson(toJson(record)) !== fromUtf8(text)) throw malformed();
  return record;
}

function parsed(text: Uint8Array): JsonObject {
  try {
    return objectOf(JSON.parse(fromUtf8(text)));
  } catch (cause) {
    throw malformed(cause);
  }
}

export function objectOf(value: unknown): JsonObject {
  if (typeof value !== "object" || value === null) throw malformed();
  return value as JsonObject;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function idOf<I extends Uuid>(value: unknown): I {
  if (!isId<I>(value)) throw malformed();
  return value;
}

/** A whole number from 0 to 2^53 - 1. */
export function count(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw malformed();
  return value;
}

/** 32 bytes. */
export function hash(value: unknown): Uint8Array {
  if (typeof value !== "string") throw malformed();
  const bytes = fromBase64Url(value);
  if (bytes.length !== 32) throw malformed();
  return bytes;
}

export function textOf(value: unknown, pattern: RegExp): string {
  if (typeof value !== "string" || !pattern.test(value)) throw malformed();
  return value;
}

export function list(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) throw malformed();
  return value;
}

export function ascending<I extends Uuid>(ids: readonly I[]): readonly I[] {
  if (ids.some((id, index) => index > 0 && id <= (ids[index - 1] ?? ""))) throw malformed();
  return ids;
}

export function oneOf<const T>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw malformed();
  return found;
}
