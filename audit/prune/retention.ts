import type { AuditAction } from "../actions.ts";

const DAY_MS = 86_400_000;
/** The retention of a log whose entries do not set another: six years. */
const DEFAULT_MS = 2_192 * DAY_MS;
/** A shorter retention counts this long after it was recorded, so that others can object. */
const NOTICE_MS = 30 * DAY_MS;
/** The action of the entry that sets the retention of its log. */
export const RETENTION_ACTION: AuditAction = "audit.set_retention";

/** A retention that was recorded in the log. */
export interface RecordedRetention {
  /** The index of the entry. */
  readonly index: number;
  readonly retainMs: number;
  /** The time when it was recorded, as the log itself shows time. */
  readonly passedMs: number;
}

/** The retention in force, and the entry that must stay because it says so. */
export interface Retention {
  readonly retainMs: number;
  /**
   * The index of the entry that set a longer retention than the default. If it were removed, the
   * entries that it protects could be removed too. Infinity if there is none.
   */
  readonly keptFrom: number;
}

/**
 * Returns the retention in force. A longer one counts at once, a shorter one after the notice.
 * @param recorded in the order of the log
 * @param passedMs now, in the time that the log itself shows
 */
export function retentionInForce(
  recorded: readonly RecordedRetention[],
  passedMs: number,
): Retention {
  let retainMs = DEFAULT_MS;
  let keptFrom = Number.POSITIVE_INFINITY;
  for (const each of recorded) {
    if (each.retainMs < retainMs && passedMs - each.passedMs < NOTICE_MS) continue;
    retainMs = each.retainMs;
    keptFrom = retainMs > DEFAULT_MS ? each.index : Number.POSITIVE_INFINITY;
  }
  return { retainMs, keptFrom };
}
