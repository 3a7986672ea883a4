/** Texts of JSON records that are not canonical. */
import type { Refused } from "./format.ts";

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Other texts of the same JSON value, and texts of other values, none of which is canonical. */
export function otherTexts(text: string): Readonly<Record<string, string>> {
  const names = Object.entries(JSON.parse(text) as Record<string, unknown>);
  const [first] = names;
  return {
    "a space": text.replace(":", ": "),
    "a newline at the end": `${text}\n`,
    "names in another order": JSON.stringify(Object.fromEntries(names.toReversed())),
    "a name twice": `{"${first?.[0]}":${JSON.stringify(first?.[1])},${text.slice(1)}`,
    "an unknown name": `${text.slice(0, -1)},"zzz":1}`,
    "an escape that is not needed": text.replace('"type"', String.raw`"typ\u0065"`),
    "a number with a fraction": text.replace(/:(\d+)([,}])/, ":$1.0$2"),
    "not an object": `[${text}]`,
    "a name missing": text.replace(/"tenant":"[^"]*",?/, ""),
    "base64url with padding": text.replace(/"([A-Za-z0-9_-]{43})"/, '"$1="'),
    "base64url with bits that are not zero": text.replace(
      /"([A-Za-z0-9_-]{42})([A-Za-z0-9_-])"/,
      (_all, head: string, last: string) => `"${head}${nextDigit(last)}"`,
    ),
  };
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** The next digit: of the last one of 32 bytes, only bits that are not used differ. */
const nextDigit = (digit: string): string => digits[digits.indexOf(digit) + 1] ?? "";

/** Texts that differ, each signed like the right one. */
export const resigned = <I extends { readonly text: string }>(
  input: I,
  sign: (text: string) => string,
  skip: readonly string[] = [],
): readonly Refused<I>[] =>
  Object.entries(otherTexts(input.text))
    .filter(([name, text]) => text !== input.text && !skip.includes(name))
    .map(([name, text]) => ({ name, input: { ...input, text, signature: sign(text) } }));
