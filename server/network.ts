import type { IncomingMessage } from "node:http";
import { isIPv6, type Socket } from "node:net";
import ipaddr from "ipaddr.js";
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
 * address. A port, which some proxies add, does not count.
 */
export function networkOf(address: string): string {
  const host = addressIn(address);
  if (!isIPv6(host)) return host;
  const groups = ipaddr.IPv6.parse(host).parts.slice(0, 4);
  return groups.map((group) => group.toString(16)).join(":");
}

/**
 * Reduces a network, as `networkOf` returns it, to the largest one that a subscriber is usually given:
 * an IPv4 address, or an IPv6 /48 (RFC 6177). Its holder chooses freely among its /64.
 */
export const siteOf = (network: string): string => network.split(":").slice(0, 3).join(":");
