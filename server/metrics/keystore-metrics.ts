import type { Registry } from "prom-client";
import { gaugeOf } from "./instruments.ts";

/** The keys of data at rest. */
export interface KeystoreMetrics {
  /** @param keys that a re-wrapping under way has still to do. */
  readonly rewrapRemaining: (keys: number) => void;
}

export function createKeystoreMetrics(registry: Registry): KeystoreMetrics {
  let remaining = 0;
  gaugeOf(
    registry,
    "sealdesk_rewrap_remaining_keys",
    "Subject keys that are under an earlier version of their key-encryption key",
    { read: () => remaining },
  );
  return { rewrapRemaining: (keys) => void (remaining = keys) };
}
