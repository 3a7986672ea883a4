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
  #helloBy: number | undefined;
  /** The time when the access token expires. */
  #expiresAtMs = Infinity;

  constructor(limits: Limits, now: number) {
    this.#limits = limits;
    this.#heardAtMs = now;
    this.#helloBy = now + limits.helloMs;
  }

  /** Called when a frame or a pong arrived. */
  heard(now: number): void {
    this.#heardAtMs = now;
    this.#pingedAtMs = undefined;
  }

  greeted(): void {
    this.#helloBy = undefined;
  }

  /** Called when the access token was renewed until then. */
  expiresAt(at: number): void {
    this.#expiresAtMs = at;
  }

  look(now: number, condition: Condition): Verdict {
    const { pingEveryMs, pongWithinMs, silenceMs, stallMs } = this.#limits;
    if (this.#helloBy !== undefined)
      return now >= this.#helloBy ? close("hello_timeout") : wait(this.#helloBy - now);
    if (now >= this.#expiresAtMs) return close("token_expired");
    if (condition.paused) this.heard(now);
    if (this.#pingedAtMs !== undefined && now - this.#pingedAtMs >= pongWithinMs)
      return close("silent");
    if (now - this.#heardAtMs >= silenceMs) return close("silent");
    this.#watchProgress(now, condition);
    if (this.#blockedSinceMs !== undefined && now - this.#blockedSinceMs >= stallMs)
      return close("stalled");
    const ping = this.#pingedAtMs === undefined && now - this.#heardAtMs >= pingEveryMs;
    if (ping) this.#pingedAtMs = now;
    const next = Math.min(
      this.#pingedAtMs === undefined
        ? this.#heardAtMs + pingEveryMs
        : this.#pingedAtMs + pongWithinMs,
      this.#expiresAtMs,
      // Often enough to find in time what blocks between two checks.
      (this.#blockedSinceMs ?? now) + (this.#blockedSinceMs === undefined ? stallMs / 3 : stallMs),
    );
    return { kind: "wait", ping, nextMs: Math.max(1, next - now) };
  }

  #watchProgress(now: number, { blocked, progress }: Condition): void {
    if (!blocked) this.#blockedSinceMs = undefined;
    else if (this.#blockedSinceMs === undefined || progress !== this.#progress)
      this.#blockedSinceMs = now;
    this.#progress = progress;
  }
}

const close = (reason: CloseReason): Verdict => ({ kind: "close", reason });
const wait = (nextMs: number): Verdict => ({ kind: "wait", ping: false, nextMs });
