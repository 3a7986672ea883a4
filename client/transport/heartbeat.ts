import type { Clock } from "../runtime.ts";

/** When the relay is asked whether it is still there, in milliseconds. */
export interface KeepaliveLimits {
  /** Of hearing nothing, before it is asked. */
  readonly quietMs: number;
  /** From being asked to hearing anything. */
  readonly answerMs: number;
}

export const defaultKeepalive: KeepaliveLimits = { quietMs: 25_000, answerMs: 8_000 };

/**
 * Finds out that a connection is half open: a network that drops what is sent closes nothing, so
 * whoever only listens would wait for ever. Pings are no help, as browsers keep them from pages.
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

  /** Something came: called for every frame, so it costs next to nothing. */
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
