import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Pool } from "../../db/pool.ts";
import type { LoggedEvent } from "../log/event.ts";
import {
  findUnrecorded,
  HEADS_PER_ENTRY,
  recordHeads,
  type TranscriptHead,
} from "./record-heads.ts";

export interface TranscriptRecorderDeps {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds from one entry to the next. */
  readonly everyMs: number;
  /** Milliseconds between two searches for what a node did not live to record. */
  readonly sweepEveryMs: number;
  readonly onError: (error: unknown) => void;
}

/**
 * Puts the transcript hashes of conversations that have grown into the audit log, at intervals: one
 * entry for many conversations, never one for a message. Between two entries the hashes wait in this
 * node's memory; what a crash loses of them, a sweep finds.
 */
export class TranscriptRecorder {
  readonly #deps: TranscriptRecorderDeps;
  readonly #timers: readonly NodeJS.Timeout[];
  #grown = new Map<Uuid, Map<Uuid, TranscriptHead>>();
  #working: Promise<void> = Promise.resolve();

  constructor(deps: TranscriptRecorderDeps) {
    this.#deps = deps;
    this.#timers = [
      setInterval(() => this.#enqueue(() => this.#record()), deps.everyMs).unref(),
      setInterval(() => this.#enqueue(() => this.#sweep()), deps.sweepEveryMs).unref(),
    ];
    this.#enqueue(() => this.#sweep());
  }

  /** Events of one conversation, in log order, are durable. */
  onCommitted(events: readonly LoggedEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    const { tenant, conversation, seq, transcriptHash } = last;
    let heads = this.#grown.get(tenant);
    if (heads === undefined) this.#grown.set(tenant, (heads = new Map()));
    heads.set(conversation, { conversation, seq, transcriptHash });
  }

  /** Records what is left. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#enqueue(() => this.#record());
    await this.#working;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#working = this.#working.then(work).catch(this.#deps.onError);
  }

  /** What could not be recorded is kept for the next time. */
  async #record(): Promise<void> {
    const grown = this.#grown;
    this.#grown = new Map();
    for (const [tenant, heads] of grown) {
      const waiting = [...heads.values()];
      try {
        for (let from = 0; from < waiting.length; from += HEADS_PER_ENTRY) {
          const some = waiting.slice(from, from + HEADS_PER_ENTRY);
          await recordHeads(this.#deps, tenant, some);
          for (const { conversation } of some) heads.delete(conversation);
        }
      } catch (error) {
        this.#deps.onError(error);
        this.#grown.set(tenant, new Map([...heads, ...(this.#grown.get(tenant) ?? [])]));
      }
    }
  }

  async #sweep(): Promise<void> {
    const { pool } = this.#deps;
    const { rows } = await pool.query<{ id: Uuid }>("select id from tenants order by id");
    for (const { id } of rows)
      for (;;) {
        const heads = await findUnrecorded(pool, id);
        if (heads.length > 0) await recordHeads(this.#deps, id, heads);
        if (heads.length < HEADS_PER_ENTRY) break;
      }
  }
}
