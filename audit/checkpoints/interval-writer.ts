import type { LogId } from "../../crypto/wire/ids.ts";

export interface IntervalWriterOptions {
  /** Length of an interval in milliseconds. */
  readonly everyMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly write: (log: LogId, note: string) => Promise<void>;
}

/**
 * Writes at most one head of each log in an interval, because a busy log signs several times a
 * second. It writes the last head of an interval when the interval ends, because no further head
 * may follow.
 */
export class IntervalWriter {
  readonly #options: IntervalWriterOptions;
  readonly #writtenAt = new Map<LogId, number>();
  /** The last head that was not written, because one was written a moment before. */
  readonly #skipped = new Map<LogId, string>();
  readonly #timers = new Map<LogId, NodeJS.Timeout>();

  constructor(options: IntervalWriterOptions) {
    this.#options = options;
  }

  /** Writes the head now, or later if one was written in this interval. */
  async put(log: LogId, note: string): Promise<void> {
    const { everyMs, now } = this.#options;
    const waitMs = (this.#writtenAt.get(log) ?? -Infinity) + everyMs - now();
    if (waitMs > 0) return this.#later(log, note, waitMs);
    this.#skipped.delete(log);
    await this.#write(log, note);
  }

  /** Writes what was skipped, and ends all intervals. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#skipped.keys()].map((log) => this.#writeSkipped(log)));
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #later(log: LogId, note: string, waitMs: number): void {
    this.#skipped.set(log, note);
    if (this.#timers.has(log)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(log);
      // If this fails, the next head is written at once. If no other head follows, closing writes
      // this one.
      void this.#writeSkipped(log).catch(() => undefined);
    }, waitMs);
    this.#timers.set(log, timer.unref());
  }

  async #writeSkipped(log: LogId): Promise<void> {
    const note = this.#skipped.get(log);
    if (note === undefined) return;
    this.#skipped.delete(log);
    try {
      await this.#write(log, note);
    } catch (error) {
      if (!this.#skipped.has(log)) this.#skipped.set(log, note);
      throw error;
    }
  }

  async #write(log: LogId, note: string): Promise<void> {
    const { write, now } = this.#options;
    await write(log, note);
    this.#writtenAt.set(log, now());
  }
}
