/** Something that must be checked repeatedly. */
export interface Timed {
  /** @returns milliseconds until the next check; undefined for none */
  onDue(nowMs: number): number | undefined;
}

/**
 * One timer for any number of waiting objects: a ring of slots, one of which is emptied per tick.
 * Each object is in one slot, so it costs one set entry however long it waits. An object is checked
 * up to one tick late and never early. A wait of more than one turn of the ring is cut to one turn.
 */
export class TimerWheel {
  readonly #now: () => number;
  readonly #tickMs: number;
  readonly #slots: Set<Timed>[];
  readonly #slotOf = new Map<Timed, Set<Timed>>();
  readonly #timer: NodeJS.Timeout;
  #at = 0;

  /** @param now returns milliseconds of a monotonic clock */
  constructor(now: () => number, tickMs: number, slots = 128) {
    this.#now = now;
    this.#tickMs = tickMs;
    this.#slots = Array.from({ length: slots }, () => new Set());
    this.#timer = setInterval(() => this.tick(), tickMs);
    this.#timer.unref();
  }

  /** Returns the number of waiting objects. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Schedules `timed` to be checked in `ms` milliseconds. Replaces its earlier schedule. */
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

  /** Checks the objects that are due. */
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
