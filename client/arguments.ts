/**
 * Checks what callers pass to the public functions, because the compiler checks nothing for
 * JavaScript. Each refusal is the SealdeskError invalid_argument. It names the argument and its
 * required form, and never repeats the value.
 */
import { isId, type Given, type AnyId } from "../crypto/wire/ids.ts";
import { SealdeskError } from "./errors.ts";

/**
 * Checks a value. `name` is the argument's name, for the message.
 * @throws SealdeskError
 */
export type Check = (value: unknown, name: string) => void;

export const invalidArgument = (name: string, wanted: string, cause?: unknown): SealdeskError =>
  new SealdeskError("invalid_argument", `\`${name}\` must be ${wanted}.`, { cause });

/**
 * Makes a check from a question.
 * @param wanted ends the sentence "it must be ..."
 */
const check =
  (wanted: string, holds: (value: unknown) => boolean): Check =>
  (value, name) => {
    if (!holds(value)) throw invalidArgument(name, wanted);
  };

// A lone surrogate is not Unicode text. In UTF-8 every one would become the same replacement
// character.
const isText = (value: unknown): value is string =>
  typeof value === "string" && !/\p{Surrogate}/u.test(value);

/** @param most the greatest length in UTF-16 code units */
export const text = (most: number = Number.POSITIVE_INFINITY): Check =>
  check(
    most === Number.POSITIVE_INFINITY
      ? "a string of Unicode text, without lone surrogates"
      : `a string of Unicode text, of at most ${most} characters`,
    (value) => isText(value) && value.length <= most,
  );

const wantedId = "a UUID, as a string in lower case";

export const uuid: Check = check(wantedId, isId);

/**
 * Parses an id that the application passed. You name its kind.
 * @throws SealdeskError
 */
export function given<I extends AnyId>(value: Given<I>, name: string): I {
  if (!isId<I>(value)) throw invalidArgument(name, wantedId);
  return value;
}

export const bool: Check = check("true or false", (value) => typeof value === "boolean");

export const func: Check = check("a function", (value) => typeof value === "function");

/** Returns a check for an integer that is at least `least`. */
export const integer = (least: number): Check =>
  check(
    `an integer, at least ${least}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least,
  );

export const duration: Check = check(
  "a number of milliseconds, at least 0",
  (value) => typeof value === "number" && value >= 0,
);

export const oneOf = (...words: readonly string[]): Check =>
  check(`one of ${words.map((word) => JSON.stringify(word)).join(", ")}`, (value) =>
    words.some((word) => word === value),
  );

/** Returns a check for an object that has these methods, of any class. */
export const withMethods = (wanted: string, ...methods: readonly string[]): Check =>
  check(
    wanted,
    (value) =>
      typeof value === "object" &&
      value !== null &&
      methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function"),
  );

export const optional =
  (inner: Check): Check =>
  (value, name) => {
    if (value !== undefined) inner(value, name);
  };

/** @param most the greatest number of entries */
export const listOf =
  (inner: Check, most: number): Check =>
  (value, name) => {
    if (!Array.isArray(value) || value.length > most)
      throw invalidArgument(name, `a list of at most ${most}`);
    for (const [index, each] of (value as readonly unknown[]).entries())
      inner(each, `${name}[${index}]`);
  };

/** Returns a check for an object whose members pass their checks. Other members are ignored. */
export const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, name) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw invalidArgument(name, "an object");
    for (const [field, inner] of Object.entries(fields))
      inner((value as Record<string, unknown>)[field], `${name}.${field}`);
  };
