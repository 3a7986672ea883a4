/** What a file of test vectors holds, and the helpers of those who make one. */
import { hash } from "node:crypto";
import { ready, sign, signingKeyFromSeed } from "../../../crypto/device/sodium.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { AnyId } from "../../../crypto/wire/ids.ts";

await ready;

/** Byte strings are hex. Ids are UUIDs. */
export type Value = string | number | boolean | null | readonly Value[] | Fields;
export interface Fields {
  readonly [name: string]: Value;
}

export interface Accepted<I> {
  readonly name: string;
  readonly input: I;
  /** What every implementation computes from the input. */
  readonly expected: Fields;
}

export interface Refused<I> {
  readonly name: string;
  readonly input: I;
}

/** The vectors of one format: inputs that everybody opens in one way, and inputs that nobody opens. */
export interface Format<I = never> {
  /** The name of the file, and of the check in `test/python/sealdesk`. */
  readonly name: string;
  /** The section of the documentation that defines the format. */
  readonly defined: string;
  readonly accepted: readonly Accepted<I>[];
  readonly refused: readonly Refused<I>[];
  /** The code under test. It throws for what it refuses. */
  readonly open: (input: I) => Fields | Promise<Fields>;
}

/** Describes a format whose accepted vectors expect what the code under test makes of them. */
export async function describeFormat<I>(
  format: Omit<Format<I>, "accepted"> & { readonly accepted: readonly Refused<I>[] },
): Promise<Format> {
  const accepted: Accepted<I>[] = [];
  for (const { name, input } of format.accepted)
    accepted.push({ name, input, expected: await format.open(input) });
  return { ...format, accepted } as unknown as Format;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** Bytes that are the same in every run and look random. */
export function bytesOf(name: string, length = 32): Uint8Array {
  const parts: Buffer[] = [];
  for (let at = 0; at * 32 < length; at++) parts.push(hash("sha256", `${name} ${at}`, "buffer"));
  return Uint8Array.from(Buffer.concat(parts).subarray(0, length));
}

export const keyOf = (name: string) => signingKeyFromSeed(bytesOf(name));
export const signedBy = (name: string, bytes: Uint8Array): Uint8Array =>
  sign(bytes, keyOf(name).privateKey);

/** A UUID of version 7 that is the same in every run, as an id of the kind that its place has. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export const uuidOf: <I extends AnyId>(name: string) => I = (name) => {
  const digits = hex(bytesOf(name, 16));
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `7${digits.slice(13, 16)}`];
  return idOf([...parts, `8${digits.slice(17, 20)}`, digits.slice(20)].join("-"));
};

/** The same value with one bit changed; of a number, the next one. */
export function flipped(value: Value, at = 0.5): Value {
  if (typeof value === "number") return value + 1;
  if (typeof value !== "string") throw new Error("only bytes, ids and numbers have a bit to flip");
  const isUuid = /^[0-9a-f]{8}-/.test(value);
  const digits = value.split("");
  const place = isUuid ? value.length - 1 : Math.floor((digits.length - 1) * at);
  digits[place] = (Number.parseInt(digits[place] ?? "0", 16) ^ 1).toString(16);
  return digits.join("");
}

/** One refused vector for each field, in which one bit of it is changed. */
export const eachFlipped = <I extends object>(
  input: I,
  fields: readonly (keyof I & string)[],
): readonly Refused<I>[] =>
  fields.map((field) => ({
    name: `one bit of ${field}`,
    input: { ...input, [field]: flipped(input[field] as Value) },
  }));

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The signature with S + L in place of S: the same equation holds, and the encoding is not the one. */
export function malleated(signature: Uint8Array): Uint8Array {
  const scalar = BigInt(`0x${hex(signature.slice(32).toReversed())}`) + ORDER;
  const bytes = unhex(scalar.toString(16).padStart(64, "0")).toReversed();
  return Uint8Array.of(...signature.subarray(0, 32), ...bytes);
}

/**
 * The key of order 1, under which this signature holds for every message: R is the base point and S
 * is 1.
 */
export const smallOrder = {
  key: `01${"00".repeat(31)}`,
  signature: `58${"66".repeat(31)}01${"00".repeat(31)}`,
};
