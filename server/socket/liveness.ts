import type { CloseReason } from "./close-codes.ts";
import type { Timings } from "./timings.ts";

/** What one look at a connection sees. */
export interface Condition {
  /** Deliveries are held up: the window is full, or the network does not take what was sent. */
  readonly blocked: boolean;
  /** Grows with every acknowledgement and with every byte the network takes. */
  readonly progress: number;
  /** The relay itself has stopped reading from the device, so hears nothing. */
  readonly paused: boolean;
}

export type Verdict =
  | { readonly kind: "close"; readonly reason: CloseReason }
  | { readonly kind: "wait"; readonly ping: boolean; readonly nextMs: number };

type Limits = Pick<Timings, "helloMs" | "pingEveryMs" | "pongWithinMs" | "silenceMs" | "stallMs">;

/**
 * Whether one device is still there, by what was heard of it and when. Holds no timer: who holds
 * one asks now and then, and is told when to ask again. Times are milliseconds of one clock that
 * never goes back.
 */
export class Liveness {
  readonly #limits: Limits;
  #heardAt: number;
  #pingedAt: number | undefined;
  #progress = 0;
  #blockedSince: number | undefined;
  /** Until hello has come, it is all that is waited for. */
  #helloBy: number | undefined;
  /** When the access token expires. */
  #expiresAt = Infinity;

  constructor(limits: Limits, now: number) {
    this.#limits = limits;
    this.#heardAt = now;
    this.#helloBy = now + limits.helloMs;
  }

  /** A frame or a pong came. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#pingedAt = undefined;
  }

  greeted(): void {
    this.#helloBy = undefined;
  }

  /** The access token serves until then. */
  expiresAt(at: number): void {
    this.#expiresAt = at;
  }

  look(now: number, condition: Condition): Verdict {
    const { pingEveryMs, pongWithinMs, silenceMs, stallMs } = this.#limits;
    if (this.#helloBy !== undefined)
      return now >= this.#helloBy ? close("hello_timeout") : wait(this.#helloBy - now);
    if (now >= this.#expiresAt) return close("token_expired");
    if (condition.paused) this.heard(now);
    if (this.#pingedAt !== undefined && now - this.#pingedAt >= pongWithinMs)
      return close("silent");
    if (now - this.#heardAt >= silenceMs) return close("silent");
    this.#watchProgress(now, condition);
    if (this.#blockedSince !== undefined && now - this.#blockedSince >= stallMs)
      return close("stalled");
    const ping = this.#pingedAt === undefined && now - this.#heardAt >= pingEveryMs;
    if (ping) this.#pingedAt = now;
    const next = Math.min(
      this.#pingedAt === undefined ? this.#heardAt + pingEveryMs : this.#pingedAt + pongWithinMs,
      this.#expiresAt,
      // Often enough that what blocks between two looks is found in time.
      (this.#blockedSince ?? now) + (this.#blockedSince === undefined ? stallMs / 3 : stallMs),
    );
    return { kind: "wait", ping, nextMs: Math.max(1, next - now) };
  }

  #watchProgress(now: number, { blocked, progress }: Condition): void {
    if (!blocked) this.#blockedSince = undefined;
    else if (this.#blockedSince === undefined || progress !== this.#progress)
      this.#blockedSince = now;
    this.#progress = progress;
  }
}

const close = (reason: CloseReason): Verdict => ({ kind: "close", reason });
const wait = (nextMs: number): Verdict => ({ kind: "wait", ping: false, nextMs });
