const DAY_MS = 86_400_000;
/** The retention of a log whose entries do not set another: six years. */
const DEFAULT_MS = 2_192 * DAY_MS;
/** A shorter retention counts this long after it was recorded, so that others can object. */
const NOTICE_MS = 30 * DAY_MS;
/** The action of the entry that sets the retention of its log. */
export const RETENTION_ACTION = "audit.set_retention";

/** A retention that was recorded in the log. */
export interface RecordedRetention {
  readonly retainMs: number;
  /** When, in the time that the log itself shows. */
  readonly passedMs: number;
}

/**
 * The retention in force. A longer one counts at once, a shorter one after the notice.
 * @param recorded in the order of the log
 * @param passedMs now, in the time that the log itself shows
 */
export function retentionInForce(recorded: readonly RecordedRetention[], passedMs: number): number {
  let inForce = DEFAULT_MS;
  for (const { retainMs, passedMs: since } of recorded)
    if (retainMs >= inForce || passedMs - since >= NOTICE_MS) inForce = retainMs;
  return inForce;
}
