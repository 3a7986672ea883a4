/** Reads a document from outside field by field. Every refusal names the field. */
import { isId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { fromBase64 } from "../base64.ts";
import { LogError } from "../log-error.ts";
import { HASH_BYTES } from "../tree-hash.ts";

/**
 * Checks a value and returns it with its type.
 * @param place names the value, such as `erased[2].atMs`
 * @throws LogError malformed
 */
export type Read<T> = (value: unknown, place: string) => T;

export const malformed = (place: string, why: string, cause?: unknown): LogError =>
  new LogError("malformed", place, why, { cause });

/** The last time that a Date can hold, in milliseconds since the Unix epoch. */
const MOST_MS = 8_640_000_000_000_000;

const numberUpTo =
  (most: number, what: string): Read<number> =>
  (value, place) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > most)
      throw malformed(place, `is not ${what}.`);
    return value;
  };

/** Milliseconds since the Unix epoch. */
export const time = numberUpTo(MOST_MS, "a time");
export const count = numberUpTo(Number.MAX_SAFE_INTEGER, "a whole number");

export const id =
  <I extends Uuid>(): Read<I> =>
  (value, place) => {
    if (!isId<I>(value)) throw malformed(place, "is not an id.");
    return value;
  };

/** A line of 1 to `most` characters. None of them controls a terminal or cannot be seen. */
export const line = (most: number): Read<string> =>
  visible(most, /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u);

/** Lines as `line` reads one. Each ends with a newline. */
export const lines = (most: number): Read<string> =>
  visible(most, /^(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*\n)+$/u);

const visible =
  (most: number, form: RegExp): Read<string> =>
  (value, place) => {
    if (typeof value !== "string" || value === "" || value.length > most)
      throw malformed(place, `is not a text of 1 to ${most} characters.`);
    if (!form.test(value))
      throw malformed(place, "has a control character, or another one that cannot be seen.");
    return value;
  };

/** A SHA-256 hash in base64 with padding. */
export const digest: Read<string> = (value, place) => {
  if (typeof value !== "string" || fromBase64(value)?.length !== HASH_BYTES)
    throw malformed(place, "is not a SHA-256 hash in base64.");
  return value;
};

export const oneOf =
  <const T extends string>(allowed: readonly T[]): Read<T> =>
  (value, place) => {
    const found = allowed.find((each) => each === value);
    if (found === undefined) throw malformed(place, `is not one of ${allowed.join(", ")}.`);
    return found;
  };

export const orNull =
  <T>(read: Read<T>): Read<T | null> =>
  (value, place) =>
    value === null ? null : read(value, place);

export const listOf =
  <T>(read: Read<T>, most: number): Read<readonly T[]> =>
  (value, place) => {
    if (!Array.isArray(value) || value.length > most)
      throw malformed(place, `is not a list of at most ${most}.`);
    return value.map((each, index) => read(each, `${place}[${index}]`));
  };

const LONGEST_NAME = 40;

/** Quotes a name from outside in visible ASCII, so that it cannot control a terminal. */
const quoted = (name: string): string =>
  JSON.stringify(
    name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}...` : name,
  ).replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The places that stand for a whole document. Its fields are named without it. */
const documents: readonly string[] = ["certificate", "manifest"];

type Fields<T> = { readonly [K in keyof T]: Read<T[K]> };

/** An object with exactly these fields. */
export const record =
  <T>(fields: Fields<T>): Read<T> =>
  (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw malformed(place, "is not an object.");
    const below = (name: string) => (documents.includes(place) ? name : `${place}.${name}`);
    for (const name of Object.keys(value))
      if (!Object.hasOwn(fields, name))
        throw malformed(place, `has the unknown field ${quoted(name)}.`);
    const given = value as Readonly<Record<string, unknown>>;
    const read = (Object.keys(fields) as (keyof T & string)[]).map((name) => {
      if (!Object.hasOwn(given, name)) throw malformed(below(name), "is missing.");
      return [name, fields[name](given[name], below(name))];
    });
    return Object.fromEntries(read) as T;
  };
