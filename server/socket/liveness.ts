import type { CloseReason } from "./close-codes.ts";
import type { Timings } from "../timings.ts";

/** What one check of a connection sees. */
export interface Condition {
  /**
   * True while deliveries are held up: the window is full, or the network does not take what was
   * sent.
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
 * Decides whether one device is alive, by what was heard of it and when. It holds no timer: the
 * caller checks now and then and is told when to check again. Times are milliseconds of one
 * monotonic clock.
 */
export class Liveness {
  readonly #limits: Limits;
  #heardAt: number;
  #pingedAt: number | undefined;
  #progress = 0;
  #blockedSince: number | undefined;
  /** Before the hello, only the hello is waited for. */
  #helloBy: number | undefined;
  /** When the access token expires. */
  #expiresAt = Infinity;

  constructor(limits: Limits, now: number) {
    this.#limits = limits;
    this.#heardAt = now;
    this.#helloBy = now + limits.helloMs;
  }

  /** Called when a frame or a pong arrived. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#pingedAt = undefined;
  }

  greeted(): void {
    this.#helloBy = undefined;
  }

  /** Called when the access token was renewed until then. */
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
      // Often enough to find in time what blocks between two checks.
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
