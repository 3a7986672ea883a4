import type { LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { IndexedEntry } from "../read/checked-log.ts";
import { digestOf, SEGMENT_SIZE, SegmentIndexer, segmentOf } from "./segment-index.ts";
import { removeSegment, storedDigest, storeSegment } from "./stored-index.ts";

/** A log whose entries are read. */
interface ReadLog {
  readonly log: LogId;
  readonly origin: string;
}

/**
 * Builds the search index of logs from checked entries, and compares the stored index with them. After
 * the first comparison of a segment, its digest is compared, because parsing the entries costs more.
 */
export class IndexCheck {
  readonly #digests = new Map<string, string>();
  #current: { readonly segment: number; readonly indexer: SegmentIndexer } | undefined;

  /**
   * Takes checked entries of a log, in their order. A log must be read to its end before another one.
   * A segment of which entries are missing is left out.
   * @param client must be in a transaction that is fenced to the log
   * @returns what was wrong in the stored index. It is corrected when the transaction commits
   */
  async add(
    client: Client,
    read: ReadLog,
    entries: readonly IndexedEntry[],
  ): Promise<AuditError | undefined> {
    let fault: AuditError | undefined;
    for (const entry of entries) {
      const segment = segmentOf(entry.index);
      const place = entry.index % SEGMENT_SIZE;
      if (place === 0)
        this.#current = (await this.#isKnown(client, read.log, segment))
          ? undefined
          : { segment, indexer: new SegmentIndexer() };
      if (this.#current?.segment !== segment) continue;
      this.#current.indexer.add(entry);
      if (place < SEGMENT_SIZE - 1) continue;
      fault ??= await this.#compare(client, read, this.#current);
      this.#current = undefined;
    }
    return fault;
  }

  async #isKnown(client: Client, log: LogId, segment: number): Promise<boolean> {
    const known = this.#digests.get(`${log} ${segment}`);
    return known !== undefined && known === (await storedDigest(client, log, segment));
  }

  async #compare(
    client: Client,
    { log, origin }: ReadLog,
    { segment, indexer }: { readonly segment: number; readonly indexer: SegmentIndexer },
  ): Promise<AuditError | undefined> {
    if (indexer.size < SEGMENT_SIZE) return undefined;
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

const alteredIndex = (origin: string, segment: number): AuditError =>
  new AuditError(
    "audit_log_altered",
    `The search index of the log ${origin} was altered in the database: that of the entries ${segment * SEGMENT_SIZE} to ${(segment + 1) * SEGMENT_SIZE - 1}. It is built anew.`,
    {
      advice:
        "Searches may have missed these entries before: repeat them, and find out who changed it, see docs/audit.md, “When the log was altered”.",
    },
  );
