import { setTimeout as pause } from "node:timers/promises";
import type { Client, Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { AuditError } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { OPERATOR_LOG } from "../logs.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import { IndexCheck } from "../search/index-check.ts";
import type { AppendedEntries } from "./appended-entries.ts";
import { asIntegrator } from "./as-integrator.ts";
import { assertGuards } from "./assert-guards.ts";
import { assertAllPlaced } from "./assert-all-placed.ts";
import { verifyAgainstOutside, type Outside } from "../integrate/verify-against-outside.ts";
import { Findings } from "./findings.ts";
import { PrunedRange } from "./pruned-range.ts";

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
  /** The number of entries that one step reads. */
  readonly entriesAtOnce?: number;
  /** Called once for each finding, and once for a check that keeps failing. */
  readonly onFinding: (error: unknown) => void;
}

// People search the logs of tenants only.
const LOGS = `
  select logs.id, tenants.id is not null as "isSearched"
  from audit.logs left join sealdesk.tenants on tenants.id = logs.id`;
/** A step also ends after this many logs, so that thousands of small logs are many short steps. */
const LOGS_AT_ONCE = 64;
const PAGE = 1_024;
const STEP_MS = 1_000;
const GUARDS_MS = 30_000;
const OUTSIDE_MS = 30_000;
/** A long comparison with the outside checkpoints takes at most one part in so many of the time. */
const OUTSIDE_SHARE = 20;
const LONG_MS = 1_000;

/**
 * Compares the logs in the database with their signed heads, from the first entry to the last, and
 * then starts again. Each node does this itself and trusts no other node. By default, a step reads
 * 4,096 entries, and there is one step a second. It builds and compares the search index on the way:
 * see `IndexCheck`. It also compares what guards the logs: see `assertGuards`, and the logs with the
 * checkpoints kept outside, also those that no entry is added to.
 */
export class LogChecker {
  readonly #options: LogCheckerOptions;
  readonly #findings: Findings;
  readonly #index = new IndexCheck();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #leaveAppended: () => Promise<void>;
  readonly #leaveGuards: () => Promise<void>;
  readonly #leaveOutside: () => Promise<void>;
  #outsideFromMs = 0;
  #checkedAtMs = performance.now();
  #failure: string | undefined;
  #left = { entries: 0, logs: 0 };

  constructor(options: LogCheckerOptions) {
    this.#options = options;
    this.#findings = new Findings(options.onFinding, this.#stop.signal);
    const { pool, heads, appended, everyMs = STEP_MS, guardsEveryMs = GUARDS_MS } = options;
    const { outsideEveryMs = OUTSIDE_MS } = options;
    this.#leaveAppended = runPeriodically(
      () => this.#findings.keep("appended", () => appended.assertStored(pool, heads)),
      everyMs,
      (error) => this.#fail(error),
    );
    this.#leaveGuards = runPeriodically(
      () => this.#findings.keep("guards", () => assertGuards(pool)),
      guardsEveryMs,
      (error) => this.#fail(error),
    );
    this.#leaveOutside = runPeriodically(
      () => this.#compareOutside(),
      outsideEveryMs,
      (error) => this.#fail(error),
    );
    this.#ended = this.#run();
  }

  /**
   * Returns the current findings, the oldest first. A finding ends when its check finds no fault any
   * more.
   */
  get findings(): readonly AuditError[] {
    return this.#findings.all;
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
      this.#ended,
    ]);
  }

  /** With thousands of logs in a bucket this takes long, so it is then done less often. */
  async #compareOutside(): Promise<void> {
    const { pool, outside } = this.#options;
    const startedMs = performance.now();
    if (startedMs < this.#outsideFromMs) return;
    await this.#findings.keep("outside", () =>
      asIntegrator(pool, async (client) => void (await verifyAgainstOutside(client, outside))),
    );
    const tookMs = performance.now() - startedMs;
    if (tookMs > LONG_MS) this.#outsideFromMs = startedMs + OUTSIDE_SHARE * tookMs;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#pass();
        this.#failure = undefined;
        this.#checkedAtMs = performance.now();
      } catch (error) {
        this.#fail(error);
      }
      await this.#rest();
    }
  }

  /** Tells once that the check itself failed: the database cannot be reached, for example. */
  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.#failure && !this.#stop.signal.aborted) this.#options.onFinding(error);
    this.#failure = message;
  }

  async #pass(): Promise<void> {
    const { pool, heads } = this.#options;
    const logs = await asIntegrator(pool, async (client) => {
      const { rows } = await client.query<{ id: LogId; isSearched: boolean }>(LOGS);
      return rows;
    });
    const searched = new Set(logs.filter((log) => log.isSearched).map(({ id }) => id));
    for (const log of new Set([OPERATOR_LOG, ...logs.map(({ id }) => id), ...heads.heads.keys()])) {
      let fault: AuditError | undefined;
      const onFault = (found: AuditError) => void (fault ??= found);
      const index = searched.has(log) ? onFault : undefined;
      await this.#findings.keep(log, () => this.#assertLogIntact(log, index));
      if (this.#stop.signal.aborted) return;
      await this.#findings.keep(`index of ${log}`, async () => {
        if (fault !== undefined) throw fault;
      });
    }
    await this.#findings.keep("places", () =>
      assertAllPlaced(pool, async (read) => this.#spend({ entries: read, logs: 0 })),
    );
  }

  /** @param onIndexFault builds and compares the search index, and is called with what is wrong there */
  async #assertLogIntact(
    log: LogId,
    onIndexFault: ((fault: AuditError) => void) | undefined,
  ): Promise<void> {
    const { pool } = this.#options;
    const pruned = new PrunedRange();
    for (let from: number | undefined = 0; from !== undefined && !this.#stop.signal.aborted;) {
      const start: number = from;
      const page = await inTransaction(pool, log, async (client) => {
        const read = await this.#readPage(client, log, start);
        if (read === undefined || onIndexFault === undefined) return read;
        const added = await this.#index.add(client, { ...read, log }, read.entries);
        const ended =
          read.next === undefined ? await this.#index.end(client, { ...read, log }) : undefined;
        for (const fault of [added, ended]) if (fault !== undefined) onIndexFault(fault);
        return read;
      });
      for (const { entry } of page?.entries ?? []) pruned.add(entry);
      from = page?.next;
      if (page !== undefined && from === undefined) pruned.assertDeclared(page);
      await this.#spend({ entries: page?.entries.length ?? 0, logs: from === undefined ? 1 : 0 });
    }
  }

  async #readPage(client: Client, log: LogId, start: number) {
    const opened = await this.#options.heads.open(client, log);
    if (opened === undefined) return undefined;
    const { origin, minimumIndex, checkpoint } = opened;
    const from = Math.max(start, minimumIndex);
    const entries = await opened.entries(from, from + PAGE);
    const end = from + PAGE;
    return { origin, minimumIndex, entries, next: end < checkpoint.size ? end : undefined };
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
