/** Reads JSON of an expected form. Each reader returns the value that it checked, or throws. */
import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import { isUuid, type Uuid } from "../../crypto/wire/uuid.ts";
import { SealdeskError } from "../errors.ts";

/** @throws SealdeskError invalid_response, which names the place but never the value */
export type Reader<T> = (value: unknown, place: string) => T;

const unexpected = (place: string, wanted: string): SealdeskError =>
  new SealdeskError("invalid_response", `The server's answer has no ${wanted} at ${place}.`);

export const text: Reader<string> = (value, place) => {
  if (typeof value !== "string") throw unexpected(place, "text");
  return value;
};

export const integer: Reader<number> = (value, place) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw unexpected(place, "integer");
  return value;
};

export const flag: Reader<boolean> = (value, place) => {
  if (typeof value !== "boolean") throw unexpected(place, "true or false");
  return value;
};

export const uuid: Reader<Uuid> = (value, place) => {
  if (typeof value !== "string" || !isUuid(value)) throw unexpected(place, "UUID");
  return value;
};

/** Bytes in base64url. */
export const bytes: Reader<Uint8Array> = (value, place) => {
  try {
    return fromBase64Url(text(value, place));
  } catch {
    throw unexpected(place, "base64url");
  }
};

/** 32 bytes in base64url. */
export const hash: Reader<Uint8Array> = (value, place) => {
  const read = bytes(value, place);
  if (read.length !== 32) throw unexpected(place, "hash");
  return read;
};

/** One of some words. */
export const oneOf =
  <T extends string>(words: readonly T[]): Reader<T> =>
  (value, place) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw unexpected(place, "known word");
    return found;
  };

/** Null and absent both become undefined. */
export const nullable =
  <T>(read: Reader<T>): Reader<T | undefined> =>
  (value, place) =>
    value === null || value === undefined ? undefined : read(value, place);

export const list =
  <T>(read: Reader<T>): Reader<readonly T[]> =>
  (value, place) => {
    if (!Array.isArray(value)) throw unexpected(place, "list");
    return value.map((item: unknown, index) => read(item, `${place}[${index}]`));
  };

type Fields = Readonly<Record<string, Reader<unknown>>>;
type ValueOf<S extends Fields> = { readonly [K in keyof S]: ReturnType<S[K]> };

/** An object with at least these members. Others are left out. */
export const object =
  <S extends Fields>(fields: S): Reader<ValueOf<S>> =>
  (value, place) => {
    if (typeof value !== "object" || value === null) throw unexpected(place, "object");
    const given = value as Record<string, unknown>;
    const entries = Object.entries(fields).map(([name, read]) => [
      name,
      read(given[name], `${place}.${name}`),
    ]);
    return Object.fromEntries(entries) as ValueOf<S>;
  };

/** An answer without a body. */
export const nothing: Reader<undefined> = () => undefined;
