import { isIPv6 } from "node:net";

/**
 * Patterns of what must never be logged, with their replacements. Each runs in time linear in the
 * length of the text, so that input cannot make logging slow.
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

/**
 * Returns `text` without tokens, database URLs, e-mail addresses, IP addresses and phone numbers.
 */
export function redactText(text: string): string {
  let redacted = text.replaceAll(mayBeIPv6, (part) => {
    const address = part.replace(/\.+$/, "");
    return isIPv6(address) ? `[address]${part.slice(address.length)}` : part;
  });
  for (const [pattern, name] of patterns) redacted = redacted.replaceAll(pattern, name);
  return redacted;
}

/** Returns `value` with every string redacted and every error reduced to its name. */
export function redact(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return value.name;
  if (ArrayBuffer.isView(value)) return "[bytes]";
  if (Array.isArray(value)) return value.map(redact);
  const entries: [string, unknown][] = Object.entries(value);
  return Object.fromEntries(entries.map(([name, held]) => [name, redact(held)]));
}
