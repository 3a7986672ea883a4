import type { IncomingMessage } from "node:http";
import { isIPv6, type Socket } from "node:net";
import { addressIn, isTrustedProxy, peerAddressBehind } from "./peer-address.ts";

/**
 * Returns a function that finds the network from which a request comes. Every limit on strangers
 * counts by this.
 * @param trustedProxies as in `peerAddressBehind`
 */
export function networkBehind(
  trustedProxies: readonly string[],
): (request: Pick<IncomingMessage, "socket" | "headers">) => string {
  const addressOf = peerAddressBehind(trustedProxies);
  return (request) => networkOf(addressOf(request));
}

/**
 * Returns a function that finds the network of a connection's other end, or undefined if that is one
 * of our proxies, behind which many networks are.
 */
export function networkUnlessProxy(
  trustedProxies: readonly string[],
): (socket: Pick<Socket, "remoteAddress">) => string | undefined {
  const isProxy = isTrustedProxy(trustedProxies);
  return ({ remoteAddress = "" }) =>
    isProxy(remoteAddress) ? undefined : networkOf(remoteAddress);
}

/**
 * Reduces an address to the network of one subscriber: an IPv4 address, or the /64 of an IPv6
 * address. An IPv4 address that is written as IPv6 (RFC 4291 section 2.5.5.2) counts as IPv4. A
 * port, which some proxies add, does not count.
 */
export function networkOf(address: string): string {
  const host = addressIn(address);
  if (!isIPv6(host)) return host;
  const groups = groupsOf(host);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join(".");
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":");
}

/**
 * Reduces a network, as `networkOf` returns it, to the largest one that a subscriber is usually given:
 * an IPv4 address, or an IPv6 /48 (RFC 6177). Its holder chooses freely among its /64.
 */
export const siteOf = (network: string): string => network.split(":").slice(0, 3).join(":");

/** Returns the eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = [], tail] = address.replace(/%.*$/, "").split("::").map(numbersOf);
  if (tail === undefined) return [...head];
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return [...head, ...zeros, ...tail];
}

function numbersOf(part: string): readonly number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
