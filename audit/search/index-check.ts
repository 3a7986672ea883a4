import { setImmediate as nextTurn } from "node:timers/promises";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { IndexedEntry } from "../read/checked-log.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { digestOf, SEGMENT_SIZE, SegmentIndexer, segmentOf } from "./segment-index.ts";
import {
  removePrunedSegments,
  removeSegment,
  removeUnfinishedSegments,
  storedDigest,
  storeSegment,
} from "./stored-index.ts";

/** Parsing this many entries takes a few milliseconds. Then messages and requests have their turn. */
const ENTRIES_PER_TURN = 256;

/** A log whose entries are read, up to a signed head. */
interface ReadLog {
  readonly log: LogId;
  readonly origin: string;
  readonly checkpoint: Pick<Checkpoint, "size">;
}

/** A segment whose entries are being read. */
interface Current {
  readonly log: LogId;
  readonly segment: number;
  readonly indexer: SegmentIndexer;
}

const isNext = ({ log, segment, indexer }: Current, of: LogId, index: number): boolean =>
  log === of && index === segment * SEGMENT_SIZE + indexer.size;

/**
 * Builds the search index of logs from checked entries, and compares the stored index with them. After
 * the first comparison of a segment, its digest is compared, because parsing the entries costs more.
 */
export class IndexCheck {
  readonly #digests = new Map<string, string>();
  #current: Current | undefined;

  /**
   * Takes checked entries of a log, in their order. A segment that is not read from its first entry to its
   * last is left out.
   * @param client must be in a transaction that is fenced to the log
   * @returns what was wrong in the stored index. It is corrected when the transaction commits
   */
  async add(
    client: Client,
    read: ReadLog,
    entries: readonly IndexedEntry[],
  ): Promise<AuditError | undefined> {
    let fault: AuditError | undefined;
    for (const [at, entry] of entries.entries()) {
      if (at % ENTRIES_PER_TURN === 0) await nextTurn();
      if (entry.index % SEGMENT_SIZE === 0)
        this.#current = await this.#begin(client, read, segmentOf(entry.index));
      const current = this.#current;
      if (current === undefined) continue;
      if (!isNext(current, read.log, entry.index)) this.#current = undefined;
      else current.indexer.add(entry);
      if (current.indexer.size < SEGMENT_SIZE) continue;
      fault ??= await this.#compare(client, read, current);
      this.#current = undefined;
    }
    return fault;
  }

  /**
   * Removes the index of segments that are not whole, at the end of a log. Searches do not use it. A
   * segment of which entries were pruned is not reported, because a node may have stored it meanwhile.
   * @param client must be in a transaction that is fenced to the log
   * @returns what was wrong in the stored index
   */
  async end(
    client: Client,
    { log, origin, minimumIndex }: ReadLog & { readonly minimumIndex: number },
  ): Promise<AuditError | undefined> {
    await removePrunedSegments(client, log, minimumIndex);
    const first = await removeUnfinishedSegments(client, log);
    return first === undefined ? undefined : unfinishedIndex(origin, first);
  }

  /**
   * @returns undefined if the segment is not whole yet, so that nothing could be compared, or if its stored index
   *   is the one that was compared before
   */
  async #begin(
    client: Client,
    { log, checkpoint }: ReadLog,
    segment: number,
  ): Promise<Current | undefined> {
    if (checkpoint.size < (segment + 1) * SEGMENT_SIZE) return undefined;
    const known = this.#digests.get(`${log} ${segment}`);
    const isKnown = known !== undefined && known === (await storedDigest(client, log, segment));
    return isKnown ? undefined : { log, segment, indexer: new SegmentIndexer() };
  }

  async #compare(
    client: Client,
    { log, origin }: ReadLog,
    { segment, indexer }: Current,
  ): Promise<AuditError | undefined> {
    const index = indexer.finish();
    const digest = digestOf(index);
    const stored = await storedDigest(client, log, segment);
    if (stored !== digest) {
      await removeSegment(client, log, segment);
      await storeSegment(client, log, segment, index);
    }
    this.#digests.set(`${log} ${segment}`, digest);
    return stored === undefined || stored === digest ? undefined : alteredIndex(origin, segment);
  }
}

const ADVICE =
  "Searches may have missed these entries before: repeat them, and find out who changed it, see docs/audit.md, “When the log was altered”.";

const alteredIndex = (origin: string, segment: number): AuditError =>
  new AuditError(
    "audit_log_altered",
    `The search index of the log ${origin} was altered in the database: that of the entries ${segment * SEGMENT_SIZE} to ${(segment + 1) * SEGMENT_SIZE - 1}. It is built anew.`,
    { advice: ADVICE },
  );

const unfinishedIndex = (origin: string, first: number): AuditError =>
  new AuditError(
    "audit_log_altered",
    `The search index of the log ${origin} was altered in the database: rows were added for the entries from ${first * SEGMENT_SIZE} on, which have no index yet. They are removed.`,
    { advice: ADVICE },
  );
