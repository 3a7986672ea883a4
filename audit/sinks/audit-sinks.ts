import { setTimeout as pause } from "node:timers/promises";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { asIntegrator } from "../check/as-integrator.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import { withIntegratorSession } from "../integrate/session.ts";
import { deliver } from "./deliver.ts";
import { openSink } from "./open-sink.ts";
import type { ConfiguredSink } from "./parse-sinks.ts";
import { begin, readLagMs, tryTakeTurn } from "./positions.ts";
import type { Sink } from "./sink.ts";
import { blockActs } from "./sink-gate.ts";

/** The sinks, and the policy about them. */
export interface SinkSettings {
  readonly sinks: readonly ConfiguredSink[];
  /** Acts are refused while fewer sinks keep up. 0 refuses none. */
  readonly required: number;
}

export interface AuditSinksOptions extends SinkSettings {
  /** A login that is a member of sealdesk_app. */
  readonly url: string;
  /** Sessions with the application's role. Their acts are refused. */
  readonly pool: Pool;
  readonly heads: KnownHeads;
  /** The time between two looks for new entries. */
  readonly everyMs: number;
  /** A sink keeps up while no entry waits for it for longer. */
  readonly lateMs: number;
  /** Called with the failure of a sink, once while it keeps failing. */
  readonly onTrouble: (sink: string, error: unknown) => void;
}

interface RunningSink {
  readonly name: string;
  readonly sink: Sink;
  lagMs: number;
  failure: string | undefined;
}

/** Gives every entry to sinks outside the database, and refuses acts while too few keep up. */
export class AuditSinks {
  readonly #options: AuditSinksOptions;
  readonly #sinks: readonly RunningSink[];
  readonly #leave: (() => Promise<void>)[] = [];

  private constructor(options: AuditSinksOptions) {
    this.#options = options;
    this.#sinks = options.sinks.map(({ name, place }) => ({
      name,
      sink: openSink(place),
      lagMs: 0,
      failure: undefined,
    }));
  }

  /** Resolves when it is known how far each sink is behind. */
  static async open(options: AuditSinksOptions): Promise<AuditSinks> {
    const made = new AuditSinks(options);
    await made.#readLags();
    made.#run();
    return made;
  }

  /** Returns for how long entries have waited for each sink, in milliseconds. */
  get lagsMs(): ReadonlyMap<string, number> {
    return new Map(this.#sinks.map(({ name, lagMs }) => [name, lagMs]));
  }

  /** Returns whether a sink does not keep up. */
  get isLate(): boolean {
    return this.#late > 0;
  }

  /** Returns whether acts are refused. */
  get isBlocking(): boolean {
    return this.#sinks.length - this.#late < this.#options.required;
  }

  async close(): Promise<void> {
    await Promise.all(this.#leave.map((leave) => leave()));
  }

  get #late(): number {
    return this.#sinks.filter(({ lagMs }) => lagMs > this.#options.lateMs).length;
  }

  #run(): void {
    const { pool, everyMs } = this.#options;
    blockActs(pool, () => this.isBlocking);
    for (const running of this.#sinks)
      this.#leave.push(
        runPeriodically(
          (ending) => this.#deliver(running, ending),
          everyMs,
          (error) => this.#fail(running, error),
        ),
      );
    // The lags stay as they were while the database does not answer.
    this.#leave.push(
      runPeriodically(
        () => this.#readLags(),
        everyMs,
        () => undefined,
      ),
    );
  }

  /** Delivers until it fails or the server stops, once this node has the turn. */
  #deliver(running: RunningSink, ending: AbortSignal): Promise<void> {
    const { url, heads, everyMs } = this.#options;
    return withIntegratorSession(url, async (client) => {
      const rest = () =>
        pause(everyMs, undefined, { signal: ending, ref: false }).catch(() => undefined);
      while (!ending.aborted && !(await tryTakeTurn(client, running.name))) await rest();
      await begin(client, running.name);
      while (!ending.aborted) {
        const isMore = await deliver(client, heads, running);
        running.failure = undefined;
        if (!isMore) await rest();
      }
    });
  }

  async #readLags(): Promise<void> {
    await asIntegrator(this.#options.pool, async (client) => {
      for (const running of this.#sinks) running.lagMs = await readLagMs(client, running.name);
    });
  }

  /** The message of the operating system's error may have an address. Its code has none. */
  #fail(running: RunningSink, error: unknown): void {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
    const failure = String(code ?? message);
    if (failure !== running.failure) this.#options.onTrouble(running.name, error);
    running.failure = failure;
  }
}
