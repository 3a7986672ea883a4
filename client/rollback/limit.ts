/**
 * The number of times that keys may be replaced in an hour. A server may claim rollbacks that did
 * not happen. The limit bounds what these claims cost the members.
 */
export const mostRecoveries = 6;
const perMs = 60 * 60_000;

/**
 * Returns how long to wait before keys may be replaced again. Nothing is sent meanwhile.
 * @param earlier when they were replaced, in milliseconds since the Unix epoch, the newest last
 */
export function recoveryWaitMs(earlier: readonly number[], nowMs: number): number {
  const oldest = earlier.at(-mostRecoveries);
  // The age is unknown if the clock went back.
  if (oldest === undefined || oldest > nowMs) return 0;
  return Math.max(0, oldest + perMs - nowMs);
}
