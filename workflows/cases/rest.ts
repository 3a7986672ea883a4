/** The share of the time in which work that can wait is done. Messages have the rest of the database. */
const SHARE = 0.2;

/**
 * Returns for how long work rests after a part of it, so that messages are not slowed down by it.
 * @param tookMs how long the part took, in milliseconds
 */
export const restAfterMs = (tookMs: number): number => Math.round(tookMs * (1 / SHARE - 1));
