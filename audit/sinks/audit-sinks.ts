import { setTimeout as pause } from "node:timers/promises";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { asIntegrator } from "../check/as-integrator.ts";
import { limitSessionLocks } from "../check/in-check.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import { withIntegratorSession } from "../integrate/session.ts";
import type { AuditError } from "../audit-error.ts";
import { Noticed } from "../check/noticed.ts";
import { deliver, type UnreadLog } from "./deliver.ts";
import { GivenPositions } from "./given-positions.ts";
import { inTime } from "./in-time.ts";
import { openSink, type SinkOptions } from "./open-sink.ts";
import type { ConfiguredSink } from "./parse-sinks.ts";
import { begin, readLagMs, tryTakeTurn } from "./positions.ts";
import type { Sink } from "./sink.ts";
import { blockActs } from "./sink-gate.ts";

/** The sinks, and the policy about them. */
export interface SinkSettings extends SinkOptions {
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
  /** The time between two comparisons of the stored positions with those that this node stored. */
  readonly compareEveryMs: number;
  /** A sink keeps up while no entry waits for it for longer. */
  readonly lateMs: number;
  /** Called with the failure of a sink, or of a log that cannot be read for it, once while it keeps failing. */
  readonly onTrouble: (sink: string, error: unknown, origin?: string) => void;
  /** Called once for each position that somebody changed in the database. */
  readonly onFinding: (error: AuditError) => void;
  /** Called when nobody knows how far the sinks are behind, once while it is so. */
  readonly onUnknown: (error: unknown) => void;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

interface OpenSink {
  readonly name: string;
  readonly sink: Sink;
}

interface RunningSink extends OpenSink {
  /** When every entry had been given, or the sink was new, by this process's clock in milliseconds. */
  keptUpAtMs: number;
  failure: string | undefined;
  /** The logs that cannot be read, and why. */
  unread: ReadonlyMap<LogId, string>;
}

/** The longest time that the start of a node waits for the first reading of the lags. */
const OPEN_MS = 5_000;
const CLOSE_MS = 2_000;

/** Gives every entry to sinks outside the database, and refuses acts while too few keep up. */
export class AuditSinks {
  readonly #options: AuditSinksOptions;
  readonly #sinks: readonly RunningSink[];
  readonly #leave: (() => Promise<void>)[] = [];
  readonly #noticed: Noticed;
  /** Whether the lags were read since the node started. */
  #isKnown = false;
  /** Why the lags cannot be read now. */
  #unknown: string | undefined;

  private constructor(options: AuditSinksOptions, sinks: readonly OpenSink[]) {
    this.#options = options;
    this.#noticed = new Noticed(options.onFinding);
    this.#sinks = sinks.map((open) => ({
      ...open,
      keptUpAtMs: performance.now(),
      failure: undefined,
      unread: new Map(),
    }));
  }

  /** Resolves when it is known how far each sink is behind, or after five seconds. Until it is known, no sink keeps up. */
  static async open(options: AuditSinksOptions): Promise<AuditSinks> {
    const opened = options.sinks.map(async ({ name, place }) => ({
      name,
      sink: await openSink(place, options, options.now),
    }));
    const made = new AuditSinks(options, await Promise.all(opened));
    if (options.sinks.length > 0)
      await inTime(made.#readLags(), OPEN_MS).catch((error: unknown) => made.#failToRead(error));
    made.#run();
    return made;
  }

  /**
   * Returns for how long entries have waited for each sink, in milliseconds. While the database does not say it, the time
   * since it last did is added.
   */
  get lagsMs(): ReadonlyMap<string, number> {
    const now = performance.now();
    return new Map(this.#sinks.map(({ name, keptUpAtMs }) => [name, now - keptUpAtMs]));
  }

  /** Returns the positions that somebody changed in the last ten minutes. */
  get findings(): readonly AuditError[] {
    return this.#noticed.all;
  }

  /** Returns whether a sink does not keep up. */
  get isLate(): boolean {
    return this.#late > 0;
  }

  /** Returns whether acts are refused. */
  get isBlocking(): boolean {
    return this.#sinks.length - this.#late < this.#options.required;
  }

  /** Ends the delivery. A sink that hangs is waited for two seconds at most: its entries are delivered again. */
  async close(): Promise<void> {
    const left = Promise.all(this.#leave.map((leave) => leave()));
    await inTime(left, CLOSE_MS).catch(() => undefined);
    for (const { sink } of this.#sinks) sink.close?.();
  }

  get #late(): number {
    if (!this.#isKnown) return this.#sinks.length;
    return [...this.lagsMs.values()].filter((lagMs) => lagMs > this.#options.lateMs).length;
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
    if (this.#sinks.length === 0) return;
    this.#leave.push(
      runPeriodically(
        () => this.#readLags(),
        everyMs,
        (error) => this.#failToRead(error),
      ),
    );
  }

  /** Delivers until it fails or the server stops, once this node has the turn. */
  #deliver(running: RunningSink, ending: AbortSignal): Promise<void> {
    const { url, heads, everyMs, compareEveryMs } = this.#options;
    return withIntegratorSession(url, async (client) => {
      await limitSessionLocks(client);
      const rest = (forMs: number) =>
        pause(forMs, undefined, { signal: ending, ref: false }).catch(() => undefined);
      while (!ending.aborted && !(await tryTakeTurn(client, running.name))) await rest(everyMs);
      await begin(client, running.name);
      const given = await GivenPositions.load(client, running.name);
      let comparedAtMs = performance.now();
      while (!ending.aborted) {
        if (performance.now() >= comparedAtMs + compareEveryMs) {
          for (const finding of await given.putRight(client)) this.#noticed.add(finding);
          comparedAtMs = performance.now();
        }
        const { count, isMore, unread } = await deliver(client, heads, { ...running, given });
        running.failure = undefined;
        this.#report(running, unread);
        if (!isMore) await rest(count === 0 ? everyMs : (running.sink.restMs ?? everyMs));
      }
    });
  }

  async #readLags(): Promise<void> {
    await asIntegrator(this.#options.pool, async (client) => {
      for (const running of this.#sinks) {
        const askedAtMs = performance.now();
        const lagMs = await readLagMs(client, running.name);
        if (lagMs !== undefined) running.keptUpAtMs = askedAtMs - lagMs;
      }
    });
    this.#isKnown = true;
    this.#unknown = undefined;
  }

  /** Nobody knows how far the sinks are behind. Meanwhile their lags grow. */
  #failToRead(error: unknown): void {
    const failure = codeOf(error);
    if (failure !== this.#unknown) this.#options.onUnknown(error);
    this.#unknown = failure;
  }

  #fail(running: RunningSink, error: unknown): void {
    const failure = codeOf(error);
    if (failure !== running.failure) this.#options.onTrouble(running.name, error);
    running.failure = failure;
  }

  #report(running: RunningSink, unread: readonly UnreadLog[]): void {
    for (const { log, origin, error } of unread)
      if (running.unread.get(log) !== codeOf(error))
        this.#options.onTrouble(running.name, error, origin);
    running.unread = new Map(unread.map(({ log, error }) => [log, codeOf(error)]));
  }
}

/** The message of the operating system's error may have an address. Its code has none. */
function codeOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return String(code ?? message);
}
