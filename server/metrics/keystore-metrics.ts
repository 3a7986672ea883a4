import type { Registry } from "prom-client";
import { gaugeOf } from "./instruments.ts";

/** Metrics of the keys that seal data at rest. */
export interface KeystoreMetrics {
  /** @param keys that the running re-wrapping has not reached yet */
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
