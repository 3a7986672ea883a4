import { setTimeout as pause } from "node:timers/promises";
import { AuditError } from "../../audit/audit-error.ts";
import { Findings } from "../../audit/check/findings.ts";
import type { KnownHeads } from "../../audit/read/known-heads.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { accountsAndSettings } from "./compare-state.ts";
import { assertNone } from "./difference.ts";
import { RecordedLog } from "./recorded-log.ts";
import type { RecordedState } from "./recorded-state.ts";

export interface StateCheckerOptions {
  /** Sessions with the application's role. */
  readonly pool: Pool;
  readonly heads: KnownHeads;
  /** The time between two comparisons of all tenants. */
  readonly everyMs: number;
  /** Called once for each finding, and once for a check that keeps failing. */
  readonly onFinding: (error: unknown) => void;
}

const TENANTS = "select id from tenants";
/** After this many pages of a log, or this many tenants, the checker rests. */
const PAGES_AT_ONCE = 4;
const TENANTS_AT_ONCE = 64;
const REST_MS = 1_000;

/**
 * Compares accounts, roles and settings with the audit logs, again and again. Each node does this
 * itself and trusts no other node. After its start it first replays the logs, 4,096 entries a second.
 */
export class StateChecker {
  readonly #options: StateCheckerOptions;
  readonly #findings: Findings;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #logs = new Map<TenantId, RecordedLog<RecordedState>>();
  #failure: string | undefined;

  constructor(options: StateCheckerOptions) {
    this.#options = options;
    this.#findings = new Findings(options.onFinding, this.#stop.signal);
    this.#ended = this.#run();
  }

  /** Returns the current findings: at most one of each tenant, the oldest first. */
  get findings(): readonly AuditError[] {
    return this.#findings.all;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      let isThrough = true;
      try {
        isThrough = await this.#round();
        this.#failure = undefined;
      } catch (error) {
        this.#fail(error);
      }
      await this.#rest(isThrough ? this.#options.everyMs : REST_MS);
    }
  }

  /** @returns whether every log was replayed to its end */
  async #round(): Promise<boolean> {
    const { pool, heads } = this.#options;
    const { rows } = await pool.query<{ id: TenantId }>(TENANTS);
    for (const { id } of rows)
      if (!this.#logs.has(id))
        this.#logs.set(id, new RecordedLog(pool, heads, id, accountsAndSettings));
    let isThrough = true;
    let turns = 0;
    for (const log of this.#logs.values()) {
      if (this.#stop.signal.aborted) return true;
      if (await this.#catchUp(log)) {
        await this.#compare(log);
        if (++turns % TENANTS_AT_ONCE === 0) await this.#rest(REST_MS);
      } else {
        isThrough = false;
        await this.#rest(REST_MS);
      }
    }
    return isThrough;
  }

  async #compare(log: RecordedLog<RecordedState>): Promise<void> {
    const differences = await log.compare();
    if (differences === undefined) return;
    await this.#findings.keep(log.tenant, async () => assertNone(log.origin, differences));
  }

  /** @returns whether the end of the log was reached */
  async #catchUp(log: RecordedLog<RecordedState>): Promise<boolean> {
    try {
      for (let page = 0; page < PAGES_AT_ONCE; page++) if (await log.readOn()) return true;
      return false;
    } catch (error) {
      // The check of the logs tells that a log is altered or behind.
      if (error instanceof AuditError) return false;
      throw error;
    }
  }

  /** Tells once that the check itself failed: the database cannot be reached, for example. */
  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.#failure && !this.#stop.signal.aborted) this.#options.onFinding(error);
    this.#failure = message;
  }

  async #rest(ms: number): Promise<void> {
    const { signal } = this.#stop;
    await pause(Math.min(ms, this.#options.everyMs), undefined, { signal, ref: false }).catch(
      () => undefined,
    );
  }
}
