/** A server that claims a rollback which did not happen costs the members this many an hour. */
export const mostRecoveries = 6;
const perMs = 60 * 60_000;

/**
 * How long to wait before keys may be replaced once more; nothing is sent meanwhile.
 * @param earlier when they were replaced, milliseconds since the Unix epoch, the newest last
 */
export function recoveryWaitMs(earlier: readonly number[], nowMs: number): number {
  const oldest = earlier.at(-mostRecoveries);
  // A clock that went back says nothing about how long ago it was.
  if (oldest === undefined || oldest > nowMs) return 0;
  return Math.max(0, oldest + perMs - nowMs);
}
