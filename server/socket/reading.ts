import type { Channel } from "./channel.ts";

/** A timer takes at most 24 days, and a debt may be longer. */
const LONGEST_PAUSE_MS = 600_000;

/** Reads from a channel while nothing speaks against it. */
export class Reading {
  readonly #channel: Pick<Channel, "pause" | "resume">;
  #isBusy = false;
  #isOverRate = false;
  #timer: NodeJS.Timeout | undefined;
  #pausedUntilMs = 0;

  constructor(channel: Pick<Channel, "pause" | "resume">) {
    this.#channel = channel;
  }

  get paused(): boolean {
    return this.#isBusy || this.#isOverRate;
  }

  /** Pauses while too much of what was read is under way. */
  pause(): void {
    this.#set(true, this.#isOverRate);
  }

  resume(): void {
    this.#set(false, this.#isOverRate);
  }

  /** Pauses for so many milliseconds from now, because too much was sent. A longer pause goes on. */
  pauseFor(ms: number): void {
    const untilMs = performance.now() + Math.min(ms, LONGEST_PAUSE_MS);
    if (ms <= 0 || untilMs <= this.#pausedUntilMs) return;
    this.#pausedUntilMs = untilMs;
    clearTimeout(this.#timer);
    this.#set(this.#isBusy, true);
    this.#timer = setTimeout(() => this.#set(this.#isBusy, false), Math.min(ms, LONGEST_PAUSE_MS));
  }

  /** Call this when the channel is closed. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #set(isBusy: boolean, isOverRate: boolean): void {
    const before = this.paused;
    this.#isBusy = isBusy;
    this.#isOverRate = isOverRate;
    if (this.paused === before) return;
    if (this.paused) this.#channel.pause();
    else this.#channel.resume();
  }
}
