import { runModeOf } from "../run-mode.ts";
import type { Variables } from "./variables.ts";

/** Which servers may be reached at URLs that a tenant gave: those of identity providers, key sets and webhooks. */
export interface OutgoingReach {
  /** Private addresses and networks that may be reached, such as 10.0.0.0/8. Public addresses need no entry. */
  readonly networks: readonly string[];
  /** Whether this machine may be reached over http. */
  readonly allowsLocalHttp: boolean;
}

const LOOPBACK = ["127.0.0.0/8", "::1"];

/** Returns which servers may be reached. Outside production, this machine is allowed too. */
export function outgoingReach(values: Variables): OutgoingReach {
  const isProduction = runModeOf(values) === "production";
  const named = values.OUTGOING_NETWORKS?.split(",").map((each) => each.trim()) ?? [];
  return {
    networks: isProduction ? named : [...LOOPBACK, ...named],
    allowsLocalHttp: !isProduction,
  };
}
