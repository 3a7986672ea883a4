import { runModeOf } from "../run-mode.ts";
import type { Variables } from "./variables.ts";

/** Which servers the key sets of tenants may be fetched from. */
export interface KeySetFetching {
  /**
   * Private addresses and networks, such as 10.0.0.0/8, from which sets may be fetched. Public addresses
   * need no entry.
   */
  readonly networks: readonly string[];
  /** Whether a set may be fetched over http from this machine. */
  readonly allowsLocalHttp: boolean;
}

const LOOPBACK = ["127.0.0.0/8", "::1"];

/** Returns where key sets may be fetched from. Outside production, this machine is allowed too. */
export function keySetFetching(values: Variables): KeySetFetching {
  const isProduction = runModeOf(values) === "production";
  const named = values.CUSTOMER_JWKS_NETWORKS?.split(",").map((each) => each.trim()) ?? [];
  return {
    networks: isProduction ? named : [...LOOPBACK, ...named],
    allowsLocalHttp: !isProduction,
  };
}
