import type { TenantId, ConversationId } from "../../crypto/wire/ids.ts";
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
  /** Milliseconds between two entries. */
  readonly everyMs: number;
  /** Milliseconds between two searches for events that a crashed node did not record. */
  readonly sweepEveryMs: number;
  readonly onError: (error: unknown) => void;
}

/**
 * Periodically adds the transcript hashes of conversations that have grown to the audit log. One
 * entry covers many conversations. There is never an entry for a single message. Between entries
 * the hashes wait in this node's memory. A sweep finds what a crash lost.
 */
export class TranscriptRecorder {
  readonly #deps: TranscriptRecorderDeps;
  readonly #timers: readonly NodeJS.Timeout[];
  #grown = new Map<TenantId, Map<ConversationId, TranscriptHead>>();
  #working: Promise<void> = Promise.resolve();

  constructor(deps: TranscriptRecorderDeps) {
    this.#deps = deps;
    this.#timers = [
      setInterval(() => this.#enqueue(() => this.#record()), deps.everyMs).unref(),
      setInterval(() => this.#enqueue(() => this.#sweep()), deps.sweepEveryMs).unref(),
    ];
    this.#enqueue(() => this.#sweep());
  }

  /** Call this when events of one conversation are durable, in log order. */
  onCommitted(events: readonly LoggedEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    const { tenant, conversation, seq, transcriptHash } = last;
    let heads = this.#grown.get(tenant);
    if (heads === undefined)
      this.#grown.set(tenant, (heads = new Map<ConversationId, TranscriptHead>()));
    heads.set(conversation, { conversation, seq, transcriptHash });
  }

  /** Records the remaining hashes. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#enqueue(() => this.#record());
    await this.#working;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#working = this.#working.then(work).catch(this.#deps.onError);
  }

  /** Hashes that could not be recorded are kept for the next time. */
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
    const { rows } = await pool.query<{ id: TenantId }>("select id from tenants order by id");
    for (const { id } of rows)
      for (;;) {
        const heads = await findUnrecorded(pool, id);
        if (heads.length > 0) await recordHeads(this.#deps, id, heads);
        if (heads.length < HEADS_PER_ENTRY) break;
      }
  }
}
