import { setTimeout as pause } from "node:timers/promises";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import type { AuditError } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import { IndexCheck } from "../search/index-check.ts";
import type { AppendedEntries } from "./appended-entries.ts";
import { asIntegrator } from "./as-integrator.ts";
import { assertGuards } from "./assert-guards.ts";
import { ChangedRows, type RowCounts } from "./changed-rows.ts";
import { assertAllPlaced } from "./assert-all-placed.ts";
import { verifyAgainstOutside, type Outside } from "../integrate/verify-against-outside.ts";
import { Findings } from "./findings.ts";
import { IndexTurn } from "./index-turn.ts";
import { LogReading } from "./log-reading.ts";

export interface LogCheckerOptions {
  /** Sessions with the application's role. */
  readonly pool: Pool;
  readonly heads: KnownHeads;
  /** The entries that this process appended and must find in the logs. */
  readonly appended: AppendedEntries;
  /** The time between two steps. */
  readonly everyMs?: number;
  /** The time between two comparisons of triggers, functions, policies and grants. */
  readonly guardsEveryMs?: number;
  /** The checkpoints kept outside the database. */
  readonly outside: Outside;
  /** The time between two comparisons with them. */
  readonly outsideEveryMs?: number;
  /** The time between two looks at what PostgreSQL counts of changed rows. */
  readonly changesEveryMs?: number;
  /** The time after which a check that keeps failing is a finding. */
  readonly failingMs?: number;
  /** The number of entries that one step reads. */
  readonly entriesAtOnce?: number;
  /** Called once for each finding, and once for a check that keeps failing. */
  readonly onFinding: (error: unknown) => void;
}

// People search the logs of tenants only.
const LOGS = `
  select logs.id, origin, tenants.id is not null as "isSearched"
  from audit.logs left join sealdesk.tenants on tenants.id = logs.id`;
/** A step also ends after this many logs, so that thousands of small logs are many short steps. */
const LOGS_AT_ONCE = 64;
const STEP_MS = 1_000;
const GUARDS_MS = 30_000;
const OUTSIDE_MS = 30_000;
const CHANGES_MS = 10_000;
const FAILING_MS = 30_000;
/** A long comparison with the outside checkpoints takes at most one part in so many of the time. */
const OUTSIDE_SHARE = 20;
const LONG_MS = 1_000;

interface ListedLog {
  readonly id: LogId;
  readonly origin: string;
  readonly isSearched: boolean;
}

/**
 * Compares the logs in the database with their signed heads, from the first entry to the last, and
 * then starts again. Each node does this itself and trusts no other node. By default, a step reads
 * 4,096 entries, and there is one step a second. It builds and compares the search index on the way:
 * see `IndexCheck`. It also compares what guards the logs: see `assertGuards`, and the logs with the
 * checkpoints kept outside, also those that no entry is added to, and what PostgreSQL counts: see
 * `ChangedRows`.
 */
export class LogChecker {
  readonly #options: LogCheckerOptions;
  readonly #findings: Findings;
  /** What no single check of a log can end. */
  readonly #changes: Findings;
  readonly #changed = new ChangedRows();
  readonly #index = new IndexCheck();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #leaveAppended: () => Promise<void>;
  readonly #leaveGuards: () => Promise<void>;
  readonly #leaveOutside: () => Promise<void>;
  readonly #leaveChanges: () => Promise<void>;
  #outsideFromMs = 0;
  #checkedAtMs = performance.now();
  /** The logs in the database, as of the last time when they could be listed. */
  #logs: readonly ListedLog[] = [];
  #left = { entries: 0, logs: 0 };

  constructor(options: LogCheckerOptions) {
    this.#options = options;
    const { onFinding, failingMs = FAILING_MS } = options;
    this.#findings = new Findings({ onFinding, failingMs, stopped: this.#stop.signal });
    this.#changes = new Findings({ onFinding, failingMs, stopped: this.#stop.signal });
    const { pool, heads, appended, everyMs = STEP_MS, guardsEveryMs = GUARDS_MS } = options;
    const { outsideEveryMs = OUTSIDE_MS } = options;
    this.#leaveAppended = runPeriodically(
      () =>
        this.#findings.keep("appended", "the entries of this node", () =>
          appended.assertStored(pool, heads),
        ),
      everyMs,
      onFinding,
    );
    this.#leaveGuards = runPeriodically(
      () => this.#findings.keep("guards", "the database's guards", () => assertGuards(pool)),
      guardsEveryMs,
      onFinding,
    );
    this.#leaveOutside = runPeriodically(() => this.#compareOutside(), outsideEveryMs, onFinding);
    this.#leaveChanges = runPeriodically(
      () =>
        this.#changes.keep("changes", "the counts of changed rows", () =>
          this.#changed.assertNone(pool),
        ),
      options.changesEveryMs ?? CHANGES_MS,
      onFinding,
    );
    this.#ended = this.#run();
  }

  /**
   * Returns the current findings, the oldest first. A finding ends when its check finds no fault any
   * more.
   */
  get findings(): readonly AuditError[] {
    return [...this.#findings.all, ...this.#changes.all];
  }

  /** Returns the time since every log was last read through to its end, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.#checkedAtMs;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([
      this.#leaveAppended(),
      this.#leaveGuards(),
      this.#leaveOutside(),
      this.#leaveChanges(),
      this.#ended,
    ]);
  }

  /** With thousands of logs in a bucket this takes long, so it is then done less often. */
  async #compareOutside(): Promise<void> {
    const { pool, outside } = this.#options;
    const startedMs = performance.now();
    if (startedMs < this.#outsideFromMs) return;
    await this.#findings.keep("outside", "the checkpoints outside", () =>
      asIntegrator(pool, async (client) => void (await verifyAgainstOutside(client, outside))),
    );
    const tookMs = performance.now() - startedMs;
    if (tookMs > LONG_MS) this.#outsideFromMs = startedMs + OUTSIDE_SHARE * tookMs;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // Rows that are changed from here on may be rows that the check has read already.
      const counts = await this.#changed.read(this.#options.pool).catch(() => undefined);
      if (await this.#pass()) this.#passed(counts);
      await this.#rest();
    }
  }

  /** Every log was read through. If nothing was found, the rows that were changed before are as they were signed. */
  #passed(counts: RowCounts | undefined): void {
    this.#checkedAtMs = performance.now();
    if (counts !== undefined && this.#findings.all.length === 0) this.#changed.accept(counts);
  }

  /** @returns whether every log was read through */
  async #pass(): Promise<boolean> {
    const { pool } = this.#options;
    let isThrough = await this.#attempt("logs", "the list of logs", () => this.#listLogs());
    for (const { id, origin, isSearched } of this.#knownLogs()) {
      const index = isSearched ? new IndexTurn(pool, this.#index) : undefined;
      const reading = this.#readingOf(id, index);
      const isRead = await this.#attempt(id, `the log ${origin}`, () => reading.readOn());
      if (this.#stop.signal.aborted) return false;
      if (!isRead) isThrough = false;
      else if (index !== undefined)
        await this.#findings.keep(`index of ${id}`, `the search index of the log ${origin}`, () =>
          index.assertIntact(),
        );
    }
    const arePlaced = await this.#attempt("places", "the places of entries", () =>
      assertAllPlaced(pool, async (read) => this.#spend({ entries: read, logs: 0 })),
    );
    return isThrough && arePlaced;
  }

  /**
   * Tries until the check is made, or until its failure is a finding, which must not keep the other logs
   * from being checked. While the database answers nothing, they could not be checked either.
   * @returns whether the check was made
   */
  async #attempt(name: string, what: string, check: () => Promise<void>): Promise<boolean> {
    while (!this.#stop.signal.aborted) {
      if (await this.#findings.keep(name, what, check)) return true;
      if (this.#findings.isUnchecked(name) && (await this.#databaseAnswers())) return false;
      await this.#rest();
    }
    return false;
  }

  #databaseAnswers(): Promise<boolean> {
    return this.#options.pool.query("select 1").then(
      () => true,
      () => false,
    );
  }

  async #listLogs(): Promise<void> {
    const { pool } = this.#options;
    const { rows } = await asIntegrator(pool, (client) => client.query<ListedLog>(LOGS));
    this.#logs = rows;
  }

  /** Returns the logs in the database, and those that were seen and are no longer there. */
  #knownLogs(): readonly ListedLog[] {
    const listed = new Set(this.#logs.map(({ id }) => id));
    const gone = [...this.#options.heads.heads].filter(([id]) => !listed.has(id));
    return [...this.#logs, ...gone.map(([id, { origin }]) => ({ id, origin, isSearched: false }))];
  }

  #readingOf(log: LogId, index: IndexTurn | undefined): LogReading {
    const { pool, heads } = this.#options;
    return new LogReading(log, {
      pool,
      heads,
      stopped: this.#stop.signal,
      onPage: async (page) => {
        await index?.take(page);
        const logs = page.next === undefined ? 1 : 0;
        await this.#spend({ entries: page.entries.length, logs });
      },
    });
  }

  /** Rests when a step has done its share. */
  async #spend({ entries, logs }: { readonly entries: number; readonly logs: number }) {
    const { entriesAtOnce = 4_096 } = this.#options;
    this.#left = { entries: this.#left.entries + entries, logs: this.#left.logs + logs };
    if (this.#left.entries >= entriesAtOnce || this.#left.logs >= LOGS_AT_ONCE) await this.#rest();
  }

  async #rest(): Promise<void> {
    this.#left = { entries: 0, logs: 0 };
    const { signal } = this.#stop;
    await pause(this.#options.everyMs ?? STEP_MS, undefined, { signal, ref: false }).catch(
      () => undefined,
    );
  }
}
