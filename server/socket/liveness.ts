import type { CloseReason } from "./close-codes.ts";
import type { Timings } from "../timings.ts";

/** The state of a connection that one check sees. */
export interface Condition {
  /**
   * True while deliveries are held up: the window is full, or the network does not take the sent
   * bytes.
   */
  readonly blocked: boolean;
  /** Grows with every acknowledgement and with every byte that the network takes. */
  readonly progress: number;
  /** True while the relay itself has paused reading, and therefore hears nothing. */
  readonly paused: boolean;
}

export type Verdict =
  | { readonly kind: "close"; readonly reason: CloseReason }
  | { readonly kind: "wait"; readonly ping: boolean; readonly nextMs: number };

type Limits = Pick<Timings, "helloMs" | "pingEveryMs" | "pongWithinMs" | "silenceMs" | "stallMs">;

/**
 * Decides whether one device is alive, from the times at which it was heard. It holds no timer: the
 * caller checks, and learns when to check again. Times are milliseconds of one monotonic clock.
 */
export class Liveness {
  readonly #limits: Limits;
  #heardAtMs: number;
  #pingedAtMs: number | undefined;
  #progress = 0;
  #blockedSinceMs: number | undefined;
  /** Before the hello, only the hello is waited for. */
  #helloByMs: number | undefined;
  /** The time when the access token expires. */
  #expiresAtMs = Infinity;

  constructor(limits: Limits, nowMs: number) {
    this.#limits = limits;
    this.#heardAtMs = nowMs;
    this.#helloByMs = nowMs + limits.helloMs;
  }

  /** Called when a frame or a pong arrived. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#pingedAtMs = undefined;
  }

  greeted(): void {
    this.#helloByMs = undefined;
  }

  /** Called when the access token was renewed until then. */
  expiresAt(atMs: number): void {
    this.#expiresAtMs = atMs;
  }

  look(nowMs: number, condition: Condition): Verdict {
    const { pingEveryMs, pongWithinMs, silenceMs, stallMs } = this.#limits;
    if (this.#helloByMs !== undefined)
      return nowMs >= this.#helloByMs ? close("hello_timeout") : wait(this.#helloByMs - nowMs);
    if (nowMs >= this.#expiresAtMs) return close("token_expired");
    if (condition.paused) this.heard(nowMs);
    if (this.#pingedAtMs !== undefined && nowMs - this.#pingedAtMs >= pongWithinMs)
      return close("silent");
    if (nowMs - this.#heardAtMs >= silenceMs) return close("silent");
    this.#watchProgress(nowMs, condition);
    if (this.#blockedSinceMs !== undefined && nowMs - this.#blockedSinceMs >= stallMs)
      return close("stalled");
    const ping = this.#pingedAtMs === undefined && nowMs - this.#heardAtMs >= pingEveryMs;
    if (ping) this.#pingedAtMs = nowMs;
    const next = Math.min(
      this.#pingedAtMs === undefined
        ? this.#heardAtMs + pingEveryMs
        : this.#pingedAtMs + pongWithinMs,
      this.#expiresAtMs,
      // Often enough to find in time what blocks between two checks.
      (this.#blockedSinceMs ?? nowMs) +
        (this.#blockedSinceMs === undefined ? stallMs / 3 : stallMs),
    );
    return { kind: "wait", ping, nextMs: Math.max(1, next - nowMs) };
  }

  #watchProgress(nowMs: number, { blocked, progress }: Condition): void {
    if (!blocked) this.#blockedSinceMs = undefined;
    else if (this.#blockedSinceMs === undefined || progress !== this.#progress)
      this.#blockedSinceMs = nowMs;
    this.#progress = progress;
  }
}

const close = (reason: CloseReason): Verdict => ({ kind: "close", reason });
const wait = (nextMs: number): Verdict => ({ kind: "wait", ping: false, nextMs });
