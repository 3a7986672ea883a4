/**
 * How often an hour keys may be replaced. It bounds what a server costs the members if it claims
 * rollbacks that did not happen.
 */
export const mostRecoveries = 6;
const perMs = 60 * 60_000;

/**
 * Returns how long to wait before keys may be replaced again. Nothing is sent meanwhile.
 * @param earlier when they were replaced, in milliseconds since the Unix epoch, the newest last
 */
export function recoveryWaitMs(earlier: readonly number[], nowMs: number): number {
  const oldest = earlier.at(-mostRecoveries);
  // If the clock went back, it does not tell how long ago that was.
  if (oldest === undefined || oldest > nowMs) return 0;
  return Math.max(0, oldest + perMs - nowMs);
}
