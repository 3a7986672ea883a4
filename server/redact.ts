import { isIPv6 } from "node:net";

/**
 * What must never be logged and can be told by its form, each with what stands in its place. Linear
 * in the length of the text, so that nobody can make logging slow by what they send.
 */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]{4,}\.[\w.-]+/g, "[token]"],
  [/\b(?:DPoP|Bearer|Basic) [\w.~+/-]{8,}=*/gi, "[token]"],
  [/\bpostgres(?:ql)?:\/\/\S+/gi, "[database-url]"],
  [/[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g, "[email]"],
  [/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)/g, "[address]"],
  [/(?<!\w)\+\d[\d ()-]{6,20}\d/g, "[phone]"],
];
const mayBeIPv6 = /[\da-f:.]{2,45}/gi;

/** `text` without tokens, database URLs, e-mail addresses, IP addresses and phone numbers. */
export function redactText(text: string): string {
  let redacted = text.replaceAll(mayBeIPv6, (part) => {
    const address = part.replace(/\.+$/, "");
    return isIPv6(address) ? `[address]${part.slice(address.length)}` : part;
  });
  for (const [pattern, name] of patterns) redacted = redacted.replaceAll(pattern, name);
  return redacted;
}

/** `value` with every string in it redacted, and every error reduced to its name. */
export function redact(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return value.name;
  if (ArrayBuffer.isView(value)) return "[bytes]";
  if (Array.isArray(value)) return value.map(redact);
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, redact(held)]));
}
