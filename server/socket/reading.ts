import type { Channel } from "./channel.ts";
import type { Holdable } from "./loop-shares.ts";
import { WaitingFrames } from "./waiting-frames.ts";

/** A timer takes at most 24 days, and a debt may be longer. */
const LONGEST_PAUSE_MS = 600_000;

/**
 * Reads frames from a channel while nothing speaks against it. One read from the network can hold thousands
 * of frames, so those that follow the one which caused a pause wait here until it ends.
 */
export class Reading implements Holdable {
  readonly #channel: Pick<Channel, "pause" | "resume">;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #inTurn: (call: () => void) => void;
  readonly #waiting = new WaitingFrames();
  #isBusy = false;
  #isOverRate = false;
  #isHeld = false;
  #isGiving = false;
  #isChannelPaused = false;
  #timer: NodeJS.Timeout | undefined;
  #pausedUntilMs = 0;

  /**
   * @param onFrame takes one frame. It may pause the reading.
   * @param inTurn calls a function when it is this account's turn to be read from again. One read can take
   *   ten milliseconds, so many at once would stop the event loop.
   */
  constructor(
    channel: Pick<Channel, "pause" | "resume">,
    onFrame: (frame: Uint8Array) => void,
    inTurn: (call: () => void) => void,
  ) {
    this.#channel = channel;
    this.#onFrame = onFrame;
    this.#inTurn = inTurn;
  }

  get paused(): boolean {
    return this.#isBusy || this.#isOverRate || this.#isHeld;
  }

  /** Gives the frame on now, or after the pause. */
  take(frame: Uint8Array): void {
    if (this.paused || this.#isGiving) this.#waiting.push(frame);
    else this.#onFrame(frame);
  }

  /** Pauses while too many of the bytes that were read are under way. */
  pause(): void {
    this.#isBusy = true;
    this.#update();
  }

  resume(): void {
    this.#isBusy = false;
    this.#update();
  }

  /** Pauses while the account's tenant owes much time. */
  hold(): void {
    this.#isHeld = true;
    this.#update();
  }

  release(): void {
    this.#isHeld = false;
    this.#update();
  }

  /**
   * Pauses for this number of milliseconds, because the socket sent too much. A longer pause
   * continues.
   */
  pauseFor(ms: number): void {
    const untilMs = performance.now() + Math.min(ms, LONGEST_PAUSE_MS);
    if (ms <= 0 || untilMs <= this.#pausedUntilMs) return;
    this.#pausedUntilMs = untilMs;
    clearTimeout(this.#timer);
    this.#isOverRate = true;
    this.#update();
    this.#timer = setTimeout(
      () => this.#inTurn(() => this.#endPause(untilMs)),
      Math.min(ms, LONGEST_PAUSE_MS),
    );
  }

  /** Call this when the channel is closed. Frames that wait are dropped. */
  end(): void {
    clearTimeout(this.#timer);
    this.#pausedUntilMs = Infinity;
    this.#waiting.clear();
  }

  /** Does nothing if the pause became longer, or the channel was closed, while this waited for its turn. */
  #endPause(untilMs: number): void {
    if (untilMs !== this.#pausedUntilMs) return;
    this.#isOverRate = false;
    this.#update();
  }

  #update(): void {
    if (!this.#isGiving) this.#giveWaiting();
    if (this.paused === this.#isChannelPaused) return;
    this.#isChannelPaused = this.paused;
    if (this.paused) this.#channel.pause();
    else this.#channel.resume();
  }

  #giveWaiting(): void {
    this.#isGiving = true;
    while (!this.paused) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      this.#onFrame(frame);
    }
    this.#isGiving = false;
  }
}
