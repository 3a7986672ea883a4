import type { LogId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import type { IndexedEntry } from "../read/checked-log.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import { inCheck } from "./in-check.ts";
import type { LogInfo } from "../read/log-info.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { PrunedRange } from "./pruned-range.ts";

/** Entries of a log that lead to its signed head. */
export interface CheckedPage extends LogInfo {
  readonly log: LogId;
  /** The signed head. */
  readonly checkpoint: Checkpoint;
  readonly entries: readonly IndexedEntry[];
  /** The index after the page; undefined at the end of the log. */
  readonly next: number | undefined;
}

export interface LogReadingOptions {
  readonly pool: Pool;
  readonly heads: KnownHeads;
  readonly stopped: AbortSignal;
  /** Called with each page. */
  readonly onPage: (page: CheckedPage) => Promise<void>;
}

const PAGE = 1_024;

/** Reads a log from its first entry to its last. After a failure it continues where it failed. */
export class LogReading {
  readonly #options: LogReadingOptions;
  readonly #log: LogId;
  readonly #pruned = new PrunedRange();
  #from: number | undefined = 0;

  constructor(log: LogId, options: LogReadingOptions) {
    this.#log = log;
    this.#options = options;
  }

  /**
   * Compares each entry with the signed head.
   * @throws AuditError audit_log_altered and the refusals of `KnownHeads.open`
   */
  async readOn(): Promise<void> {
    const { stopped, onPage } = this.#options;
    while (this.#from !== undefined && !stopped.aborted) {
      const page = await this.#read(this.#from);
      for (const { entry } of page?.entries ?? []) this.#pruned.add(entry);
      this.#from = page?.next;
      if (page === undefined) return;
      if (page.next === undefined) this.#pruned.assertDeclared(page);
      await onPage(page);
    }
  }

  async #read(start: number): Promise<CheckedPage | undefined> {
    const { pool, heads } = this.#options;
    const log = this.#log;
    return inCheck(pool, log, async (client) => {
      const opened = await heads.open(client, log);
      if (opened === undefined) return undefined;
      const { origin, minimumIndex, removals, checkpoint } = opened;
      const from = Math.max(start, minimumIndex);
      const end = from + PAGE;
      const entries = await opened.entries(from, end);
      const next = end < checkpoint.size ? end : undefined;
      return { log, origin, minimumIndex, removals, checkpoint, entries, next };
    });
  }
}
