import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import express from "express";
import ipaddr from "ipaddr.js";

type Trusts = (address: string, hop: number) => boolean;
const trustIn = (trustedProxies: readonly string[]): Trusts =>
  express().set("trust proxy", trustedProxies).get("trust proxy fn") as Trusts;

/** Returns whether an address is that of one of our proxies. */
export function isTrustedProxy(trustedProxies: readonly string[]): (address: string) => boolean {
  const trusts = trustIn(trustedProxies);
  return (address) => trusts(address, 0);
}

/** Finds the client's address: the last address on the path that is not one of our proxies. */
export function peerAddressBehind(
  trustedProxies: readonly string[],
): (request: Pick<IncomingMessage, "socket" | "headers">) => string {
  const trusts = trustIn(trustedProxies);
  return ({ socket, headers }) => {
    const forwarded = String(headers["x-forwarded-for"] ?? "").split(",");
    const hops = [socket.remoteAddress ?? "", ...forwarded.map((hop) => hop.trim()).toReversed()];
    const known = hops.map(addressIn).filter((hop) => hop !== "");
    return known.find((address, hop) => !trusts(address, hop)) ?? known.at(-1) ?? "";
  };
}

/**
 * Returns the address in an entry of X-Forwarded-For, without a zone. Some proxies add the port. An
 * IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2) is the same address.
 */
export function addressIn(hop: string): string {
  const [, inBrackets] = /^\[([^\]]*)\](?::\d+)?$/.exec(hop) ?? [];
  const [, beforePort] = /^([\d.]+):\d+$/.exec(hop) ?? [];
  const host = (inBrackets ?? beforePort ?? hop).replace(/%.*$/, "");
  return isIP(host) === 0 ? host : ipaddr.process(host).toString();
}
