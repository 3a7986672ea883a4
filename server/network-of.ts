import { isIPv6 } from "node:net";

/**
 * Reduces an address to the network that limits count. An IPv6 address counts as its /64, which
 * belongs to one subscriber. An IPv4 address counts as itself, also in its IPv6 form
 * (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2).
 */
export function networkOf(address: string): string {
  const withoutZone = address.replace(/%.*$/, "");
  if (!isIPv6(withoutZone)) return address;
  const groups = groupsOf(withoutZone);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped
    ? groups.slice(6).flatMap(bytesOf).join(".")
    : groups
        .slice(0, 4)
        .map((group) => group.toString(16))
        .join(":");
}

/** The eight numbers of an IPv6 address. The URL parser writes any form of it in the same way. */
function groupsOf(address: string): readonly number[] {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const numbers = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return numbers(head);
  const [before, after] = [numbers(head), numbers(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

const bytesOf = (group: number): readonly number[] => [group >> 8, group & 0xff];
