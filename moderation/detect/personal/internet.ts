/** E-mail addresses, IP addresses and names of hosts. */
import { isWordAt } from "./numbers.ts";
import type { Span } from "./span.ts";

/** RFC 5321, section 4.5.3.1: the longest local part and the longest domain. */
const maxLocal = 64;
const maxDomain = 255;

const localSign = /[\p{L}\p{N}._%+'-]/u;
const domainSign = /[\p{L}\p{N}.-]/u;
const topLevel = /^[\p{L}][\p{L}\p{N}-]{0,61}[\p{L}\p{N}]$/u;

/** Returns the e-mail addresses of a text. */
export function emails(text: string): readonly Span[] {
  const found: Span[] = [];
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let start = at;
    while (start > 0 && at - start < maxLocal && localSign.test(text.charAt(start - 1))) start--;
    while (start < at && /[.'-]/.test(text.charAt(start))) start++;
    const end = endOfDomain(text, at + 1);
    if (start < at && end !== undefined) found.push({ type: "email", start, end });
  }
  return found;
}

/** Returns the end of a domain with at least two labels that begins at `start`. */
function endOfDomain(text: string, start: number): number | undefined {
  let end = start;
  while (end - start < maxDomain && end < text.length && domainSign.test(text.charAt(end))) end++;
  while (end > start && /[.-]/.test(text.charAt(end - 1))) end--;
  const labels = text.slice(start, end).split(".");
  const isDomain =
    labels.length > 1 &&
    labels.every((label) => label !== "" && !label.startsWith("-") && !label.endsWith("-")) &&
    topLevel.test(labels.at(-1) ?? "");
  return isDomain ? end : undefined;
}

/** Returns the addresses of IPv4 and IPv6 (RFC 4291, section 2.2) of a text. */
export function ipAddresses(text: string): readonly Span[] {
  const found: Span[] = [];
  // One character class with a quantifier, so matching is linear.
  for (const match of text.matchAll(/[0-9a-fA-F:.]+/g)) {
    const [run] = match;
    if (isWordAt(text, match.index - 1) || !/[:.]/.test(run)) continue;
    const address = run.replace(/[.:]+$/, (end) => (end === "::" ? end : ""));
    const end = match.index + address.length;
    if (isWordAt(text, match.index + run.length)) continue;
    if (
      isIpv4(address) &&
      !/\bv(?:ersion)?\.? ?$/i.test(text.slice(Math.max(0, match.index - 10), match.index))
    )
      found.push({ type: "ip", start: match.index, end });
    else if (isIpv4WithPort(address))
      found.push({ type: "ip", start: match.index, end: match.index + address.indexOf(":") });
    else if (isIpv6(address)) found.push({ type: "ip", start: match.index, end });
  }
  return found;
}

const isIpv4 = (address: string): boolean =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address) &&
  address.split(".").every((part) => Number(part) < 256 && (part === "0" || !part.startsWith("0")));

const isIpv4WithPort = (address: string): boolean => {
  const [host = "", port = "", ...rest] = address.split(":");
  return rest.length === 0 && /^\d{1,5}$/.test(port) && isIpv4(host);
};

function isIpv6(address: string): boolean {
  if (address.length > 45 || !address.includes(":") || address === "::" || address.includes(":::"))
    return false;
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const parts = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = parts.at(-1) ?? "";
  const embedded = last.includes(".");
  if (embedded && !isIpv4(last)) return false;
  const groups = embedded ? parts.slice(0, -1) : parts;
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = groups.length + (embedded ? 2 : 0);
  return halves.length === 2
    ? count < 8 && groups.some((group) => group.length > 1 || /\d/.test(group))
    : count === 8;
}

const suffixes =
  "com org net edu gov mil int io co info biz app dev ai me tv eu de fr es it uk ch at nl be pl cz se no dk fi pt gr hu ro bg hr si sk ee lv lt ie lu mt cy is li ca us mx br ar cl uy pe au nz jp cn in kr za ru ua tr".split(
    " ",
  );
const knownSuffixes: ReadonlySet<string> = new Set(suffixes);

/** Returns the web addresses and the names of hosts of a text. */
export function domains(text: string): readonly Span[] {
  const found: Span[] = [];
  for (const match of text.matchAll(/[^\s<>"'()[\]{},]+/g)) {
    const [run] = match;
    const scheme = /^[^a-z0-9]*(?=https?:\/\/)/i.exec(run);
    if (scheme !== null) {
      const start = match.index + scheme[0].length;
      const address = run.slice(scheme[0].length).replace(/[.;:!?]+$/, "");
      if (/^https?:\/\/[\p{L}\p{N}]/iu.test(address))
        found.push({ type: "domain", start, end: start + address.length });
      continue;
    }
    if (run.includes("@") || run.length > maxDomain) continue;
    const host = run.replace(/[.;:!?]+$/, "");
    const name = host.split("/")[0] ?? "";
    const labels = name.split(".");
    const isHost =
      labels.length > 1 &&
      labels.every((label) => /^[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?$/u.test(label)) &&
      knownSuffixes.has((labels.at(-1) ?? "").toLowerCase()) &&
      (labels[0] ?? "").length > 1;
    if (isHost) found.push({ type: "domain", start: match.index, end: match.index + host.length });
  }
  return found;
}
