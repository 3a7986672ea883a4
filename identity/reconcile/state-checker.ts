import { setTimeout as pause } from "node:timers/promises";
import { AuditError } from "../../audit/audit-error.ts";
import { Findings, Postponed } from "../../audit/check/findings.ts";
import { inCheck } from "../../audit/check/in-check.ts";
import { NO_TENANT } from "../../audit/logs.ts";
import type { KnownHeads } from "../../audit/read/known-heads.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { accountsAndSettings } from "./compare-state.ts";
import { settingsAndMigrations } from "./deployment-state.ts";
import { assertNone, type Difference } from "./difference.ts";
import { RecordedLog } from "./recorded-log.ts";
import type { RecordedState } from "./recorded-state.ts";

export interface StateCheckerOptions {
  /** Sessions with the application's role. */
  readonly pool: Pool;
  readonly heads: KnownHeads;
  /** The time between two comparisons of all tenants. */
  readonly everyMs: number;
  /** The time after which a comparison that keeps failing, or that falls behind its log, is a finding. */
  readonly failingMs: number;
  /** Called once for each finding, and once for a check that keeps failing. */
  readonly onFinding: (error: unknown) => void;
}

/** A log of a tenant or the operator's, and the rows that it is compared with. */
type ComparedLog = Pick<
  RecordedLog<RecordedState>,
  "tenant" | "origin" | "isBeginning" | "readOn" | "compare"
>;

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
  readonly #logs = new Map<TenantId, ComparedLog>();

  constructor(options: StateCheckerOptions) {
    this.#options = options;
    const { pool, heads, failingMs, onFinding } = options;
    this.#findings = new Findings({ onFinding, failingMs, stopped: this.#stop.signal });
    this.#logs.set(NO_TENANT, new RecordedLog(pool, heads, NO_TENANT, settingsAndMigrations));
    this.#ended = this.#run();
  }

  /** Returns the current findings: at most one of each log, the oldest first. */
  get findings(): readonly AuditError[] {
    return this.#findings.all;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#findings.keep("tenants", "the list of tenants", () => this.#listTenants());
      const isThrough = await this.#round();
      await this.#rest(isThrough ? this.#options.everyMs : REST_MS);
    }
  }

  async #listTenants(): Promise<void> {
    const { pool, heads } = this.#options;
    const { rows } = await inCheck(pool, "", (client) => client.query<{ id: TenantId }>(TENANTS));
    for (const { id } of rows)
      if (!this.#logs.has(id))
        this.#logs.set(id, new RecordedLog(pool, heads, id, accountsAndSettings));
  }

  /** @returns whether every log was replayed to its end */
  async #round(): Promise<boolean> {
    let isThrough = true;
    let turns = 0;
    for (const log of this.#logs.values()) {
      if (this.#stop.signal.aborted) return true;
      if (await this.#takeTurn(log)) {
        if (++turns % TENANTS_AT_ONCE === 0) await this.#rest(REST_MS);
      } else {
        isThrough = false;
        await this.#rest(REST_MS);
      }
    }
    return isThrough;
  }

  /** @returns whether the end of the log was reached */
  async #takeTurn(log: ComparedLog): Promise<boolean> {
    let isAtEnd = false;
    await this.#findings.keep(
      log.tenant,
      `the database against the log ${log.origin}`,
      async () => {
        isAtEnd = await this.#catchUp(log);
        if (isAtEnd) assertNone(log.origin, await differencesIn(log));
      },
    );
    return isAtEnd;
  }

  /**
   * @returns whether the end of the log was reached
   * @throws Postponed: it cannot be reached, though the log was replayed before
   */
  async #catchUp(log: ComparedLog): Promise<boolean> {
    try {
      for (let page = 0; page < PAGES_AT_ONCE; page++) if (await log.readOn()) return true;
    } catch (error) {
      // The check of the logs tells that a log is altered or behind.
      if (error instanceof AuditError) throw new Postponed(`the log is refused (${error.code})`);
      throw error;
    }
    if (!log.isBeginning) throw new Postponed("the log grows faster than it is replayed");
    return false;
  }

  async #rest(ms: number): Promise<void> {
    const { signal } = this.#stop;
    await pause(Math.min(ms, this.#options.everyMs), undefined, { signal, ref: false }).catch(
      () => undefined,
    );
  }
}

async function differencesIn(log: ComparedLog): Promise<readonly Difference[]> {
  const differences = await log.compare();
  if (differences === undefined) throw new Postponed("too many entries wait for a signature");
  return differences;
}
