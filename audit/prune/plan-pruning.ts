import type { Pool } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { parseEntry } from "../export/entry-filter.ts";
import { readPages } from "../export/read-pages.ts";
import type { SignedHead } from "../read/checked-log.ts";
import { TILE_WIDTH } from "../verify/tile.ts";
import type { Clocks } from "./read-clocks.ts";
import { Reckoner } from "./reckoner.ts";
import { RETENTION_ACTION, retentionInForce, type RecordedRetention } from "./retention.ts";

export interface PruningWish {
  /** Entries from before this time may be removed. Milliseconds since the Unix epoch. */
  readonly beforeMs: number;
  /** The least time for which this installation keeps every entry. */
  readonly retainMs: number;
  readonly clocks: Clocks;
}

export interface PruningPlan {
  /** The first index that is kept. */
  readonly minimumIndex: number;
  /** How many entries prunes of this log set out to remove, in all and with this one. */
  readonly removals: number;
  /** The retention that was applied, in milliseconds. */
  readonly retainMs: number;
  /** Entries to be removed that have personal fields beside them. */
  readonly events: readonly string[];
}

interface Bundle {
  readonly end: number;
  readonly latestMs: number;
  readonly passedMs: number;
  readonly events: readonly string[];
}

/**
 * Decides what may be removed: whole bundles of entries that are older than `beforeMs` and that were
 * kept for the retention in force. Ages come from the entries, which are signed, and from no column
 * beside them. The plan removes nothing.
 * @throws AuditError not_prunable: the retention keeps entries of that time; audit_log_altered
 */
export async function planPruning(
  pool: Pool,
  log: SignedHead,
  { beforeMs, retainMs: leastMs, clocks }: PruningWish,
): Promise<PruningPlan> {
  const { size } = log.checkpoint;
  const reckoner = new Reckoner(clocks.nowMs, clocks.witnessedMs !== undefined);
  const recorded: RecordedRetention[] = [];
  const bundles: Bundle[] = [];
  let passedMs = 0;
  let events: string[] = [];
  for await (const page of readPages(pool, log, log.minimumIndex, size))
    for (const { index, entry: bytes } of page) {
      const entry = parseEntry(bytes);
      if (entry !== undefined) passedMs = reckoner.add(entry.occurredAtMs);
      const days = entry?.action === RETENTION_ACTION && entry.details?.["days"];
      if (typeof days === "number") recorded.push({ index, retainMs: days * 86_400_000, passedMs });
      if (entry !== undefined && "personal" in entry) events.push(entry.eventId);
      if ((index + 1) % TILE_WIDTH > 0) continue;
      const { latestMs = clocks.nowMs } = reckoner;
      bundles.push({ end: index + 1, latestMs, passedMs, events });
      events = [];
    }
  const nowPassedMs = reckoner.untilNow();
  const inForce = retentionInForce(recorded, nowPassedMs);
  const retainMs = Math.max(leastMs, inForce.retainMs);
  if (beforeMs > clocks.nowMs - retainMs)
    throw new AuditError(
      "not_prunable",
      `The retention of ${retainMs / 86_400_000} days keeps entries of that time. A shorter one counts 30 days after it was recorded with “sealdesk audit retention”.`,
    );
  const old = bundles.filter(
    (bundle) =>
      bundle.end <= inForce.keptFrom &&
      bundle.latestMs < beforeMs &&
      nowPassedMs - bundle.passedMs >= retainMs,
  );
  const minimumIndex = Math.max(log.minimumIndex, old.at(-1)?.end ?? 0);
  return {
    minimumIndex,
    removals: log.removals + minimumIndex - log.minimumIndex,
    retainMs,
    events: old.flatMap((bundle) => bundle.events),
  };
}
