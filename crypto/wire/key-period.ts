/** The time for which one key at rest seals what one author writes in one conversation. */
const PERIOD_MS = 30 * 86_400_000;

/**
 * The keys of reports have periods from this number on. So the retention of messages, which destroys the keys of the periods
 * before a time, does not reach them: reports have a retention of their own.
 */
const REPORTS_FROM = 2 ** 30;

/**
 * Returns the period that contains a time of receipt.
 * @param ms milliseconds since the Unix epoch
 */
export const periodOf = (ms: number): number => Math.floor(ms / PERIOD_MS);

/**
 * Returns the period of what a report discloses of a message.
 * @param ms when the message was received, in milliseconds since the Unix epoch
 */
export const reportPeriodOf = (ms: number): number => REPORTS_FROM + periodOf(ms);

/**
 * Returns the time of a period: from its first millisecond on, and before the first one of the next period. The period of a
 * report has the time of the messages that it discloses, so a legal hold on them covers the report.
 */
export function periodRange(period: number): {
  readonly fromMs: number;
  readonly untilMs: number;
} {
  const number = period < REPORTS_FROM ? period : period - REPORTS_FROM;
  return { fromMs: number * PERIOD_MS, untilMs: (number + 1) * PERIOD_MS };
}
