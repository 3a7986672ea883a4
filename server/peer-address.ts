import type { IncomingMessage } from "node:http";
import express from "express";

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
    const known = hops.filter((hop) => hop !== "");
    return known.find((address, hop) => !trusts(address, hop)) ?? known.at(-1) ?? "";
  };
}
