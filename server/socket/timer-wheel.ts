/** Something that has to be looked at again and again. */
export interface Timed {
  /** @returns milliseconds until the next look; undefined when there is to be none */
  onDue(nowMs: number): number | undefined;
}

/**
 * One timer for any number of things that wait: a ring of slots, of which one is emptied per tick.
 * Each thing is in one slot, so it costs one set entry whatever it waits for. What is due comes up
 * to one tick late and never early; waits over a whole turn of the ring are cut to one.
 */
export class TimerWheel {
  readonly #now: () => number;
  readonly #tickMs: number;
  readonly #slots: Set<Timed>[];
  readonly #slotOf = new Map<Timed, Set<Timed>>();
  readonly #timer: NodeJS.Timeout;
  #at = 0;

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number, tickMs: number, slots = 128) {
    this.#now = now;
    this.#tickMs = tickMs;
    this.#slots = Array.from({ length: slots }, () => new Set());
    this.#timer = setInterval(() => this.tick(), tickMs);
    this.#timer.unref();
  }

  /** Things that wait. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Has `timed` looked at in `ms`, instead of when it would have been. */
  schedule(timed: Timed, ms: number): void {
    this.cancel(timed);
    const ticks = Math.min(this.#slots.length - 1, Math.max(1, Math.ceil(ms / this.#tickMs) + 1));
    const slot = this.#slots[(this.#at + ticks) % this.#slots.length];
    if (slot === undefined) return;
    slot.add(timed);
    this.#slotOf.set(timed, slot);
  }

  cancel(timed: Timed): void {
    this.#slotOf.get(timed)?.delete(timed);
    this.#slotOf.delete(timed);
  }

  /** Looks at what is due. */
  tick(): void {
    this.#at = (this.#at + 1) % this.#slots.length;
    const nowMs = this.#now();
    for (const timed of this.#slots[this.#at] ?? []) {
      this.cancel(timed);
      const nextMs = timed.onDue(nowMs);
      if (nextMs !== undefined) this.schedule(timed, nextMs);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const slot of this.#slots) slot.clear();
    this.#slotOf.clear();
  }
}
