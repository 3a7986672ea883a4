import type { Clock } from "../runtime.ts";

/** The times of asking the relay whether it is still there, in milliseconds. */
export interface KeepaliveLimits {
  /** The silence after which to ask. */
  readonly quietMs: number;
  /** The time to wait for any frame after asking. */
  readonly answerMs: number;
}

export const defaultKeepalive: KeepaliveLimits = { quietMs: 25_000, answerMs: 8_000 };

/**
 * Detects half-open connections. A network that drops packets closes nothing, so a device that only
 * listens would wait forever. WebSocket pings do not help, because browsers hide them from pages.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #limits: KeepaliveLimits;
  readonly #events: { readonly beat: () => void; readonly onSilence: () => void };
  #heard = false;
  #cancel: () => void = () => undefined;

  constructor(
    clock: Clock,
    limits: KeepaliveLimits,
    events: { readonly beat: () => void; readonly onSilence: () => void },
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
  }

  start(): void {
    this.#listen();
  }

  /** Notes that something arrived. It is called for every frame, so it is cheap. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#cancel();
  }

  #listen(): void {
    this.#heard = false;
    this.#cancel = this.#clock.after(this.#limits.quietMs, () => {
      if (this.#heard) this.#listen();
      else this.#ask();
    });
  }

  #ask(): void {
    this.#cancel = this.#clock.after(this.#limits.answerMs, () => {
      if (this.#heard) this.#listen();
      else this.#events.onSilence();
    });
    this.#events.beat();
  }
}
