/** The time for which one key at rest seals what one author writes in one conversation. */
const PERIOD_MS = 30 * 86_400_000;

/**
 * Returns the period that contains a time of receipt.
 * @param ms milliseconds since the Unix epoch
 */
export const periodOf = (ms: number): number => Math.floor(ms / PERIOD_MS);

/** Returns the time of a period: from its first millisecond on, and before the first one of the next period. */
export const periodRange = (
  period: number,
): { readonly fromMs: number; readonly untilMs: number } => ({
  fromMs: period * PERIOD_MS,
  untilMs: (period + 1) * PERIOD_MS,
});
