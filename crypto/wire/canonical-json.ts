import { WireError } from "./wire-error.ts";

/** Values that have a canonical text: no fractions, and no integer beyond 2^53 - 1. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue | undefined };

const refused = (what: string): WireError =>
  new WireError("malformed_record", `Canonical JSON cannot hold ${what}.`);

/**
 * Returns the canonical text of `value` by RFC 8785 (JSON Canonicalization Scheme): no white space,
 * names sorted by UTF-16 code units, strings escaped as `JSON.stringify` does. Undefined properties
 * are left out, as in `JSON.stringify`.
 * @throws WireError malformed_record, for a fraction, an unsafe integer, a lone surrogate, nesting
 * over 100 levels, or anything that is not JSON
 */
export const canonicalJson = (value: CanonicalValue): string => written(value, 0);

// More than any signed record needs, and far less than a stack overflow takes.
const maxDepth = 100;

function written(value: CanonicalValue, depth: number): string {
  if (depth > maxDepth) throw refused("values nested so deep");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw refused("this number");
    return String(value === 0 ? 0 : value);
  }
  if (typeof value !== "object") throw refused(`a ${typeof value}`);
  // `Array.from` visits the holes of an array. `map` would skip them and write nothing.
  if (isArray(value)) return `[${Array.from(value, (each) => written(each, depth + 1)).join(",")}]`;
  if (Object.getPrototypeOf(value) !== Object.prototype) throw refused("this kind of object");
  const parts: string[] = [];
  for (const name of Object.keys(value).toSorted(byCodeUnit)) {
    const part = value[name];
    if (part !== undefined) parts.push(`${quoted(name)}:${written(part, depth + 1)}`);
  }
  return `{${parts.join(",")}}`;
}

const isArray = (value: object): value is readonly CanonicalValue[] => Array.isArray(value);

// The explicit form of the default string order, which RFC 8785 section 3.2.3 requires.
const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function quoted(text: string): string {
  // RFC 8785 section 3.2.2.2: a lone surrogate is an error. `JSON.stringify` would escape it.
  if (/\p{Surrogate}/u.test(text)) throw refused("a string with a lone surrogate");
  return JSON.stringify(text);
}
