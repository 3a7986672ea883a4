import type { Send } from "../../crypto/wire/frame.ts";
import type { ConversationLog } from "../../messaging/log/conversation-log.ts";
import type { AcceptedMessage } from "../../messaging/log/head.ts";
import type { PostOutcome } from "../../messaging/log/plan-messages.ts";
import { MessagingError } from "../../messaging/messaging-error.ts";
import type { Channel } from "./channel.ts";
import { acceptedFrame, admissionRefusedFrame, refusedFrame } from "./frames.ts";
import type { Greeting } from "./handshake.ts";
import type { MessageLimits } from "./message-limits.ts";

export interface IntakeDeps {
  readonly actor: Greeting["actor"];
  readonly log: Pick<ConversationLog, "post">;
  readonly messageLimits: MessageLimits;
  readonly monotonic: () => number;
  readonly channel: Pick<Channel, "pause" | "resume">;
  readonly transmit: (frame: Uint8Array) => void;
  /** True when the message's `accepted` has gone out already, in its place among the deliveries. */
  readonly hasAnswered: (message: AcceptedMessage) => boolean;
  /** Every message taken so far is answered. */
  readonly onIdle: () => void;
}

/** Messages being stored for one socket; above it the socket is not read from. */
const MAX_UNANSWERED = 512;
/** A device over its limit is refused for so long at least: what it had under way stays in order. */
const SHORTEST_REFUSAL_MS = 500;

/** The messages of one socket: each is answered, once, when its fate is final. */
export class Intake {
  readonly #deps: IntakeDeps;
  #unanswered = 0;
  #paused = false;
  #refusedUntil = 0;

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  get idle(): boolean {
    return this.#unanswered === 0;
  }

  /** True while so much is unanswered that the socket is not read from. */
  get paused(): boolean {
    return this.#paused;
  }

  take(send: Send): void {
    const { actor, log, transmit } = this.#deps;
    const retryAfterMs = this.#retryAfterMs();
    if (retryAfterMs > 0) {
      transmit(refusedFrame(send, "rate_limited", retryAfterMs));
      return;
    }
    this.#unanswered++;
    if (this.#unanswered === MAX_UNANSWERED) {
      this.#paused = true;
      this.#deps.channel.pause();
    }
    const { tenant, device } = actor;
    log.post({ tenant, senderDevice: device, send }).then(
      (outcome) => {
        this.#answer(send, outcome);
        this.#answered();
      },
      (error: unknown) => {
        const code = error instanceof MessagingError ? error.code : "unavailable";
        transmit(refusedFrame(send, code));
        this.#answered();
      },
    );
  }

  #retryAfterMs(): number {
    const { actor, messageLimits, monotonic } = this.#deps;
    const now = monotonic();
    if (now < this.#refusedUntil) return Math.ceil(this.#refusedUntil - now);
    const waitMs = messageLimits.take(actor);
    if (waitMs === 0) return 0;
    const refusedMs = Math.max(waitMs, SHORTEST_REFUSAL_MS);
    this.#refusedUntil = now + refusedMs;
    return refusedMs;
  }

  #answer(send: Send, outcome: PostOutcome): void {
    const { transmit, hasAnswered } = this.#deps;
    if (!outcome.accepted) transmit(admissionRefusedFrame(send, outcome.refusal, outcome.head));
    else if (!hasAnswered(outcome.message)) transmit(acceptedFrame(outcome.message));
  }

  #answered(): void {
    this.#unanswered--;
    if (this.#unanswered === 0) this.#deps.onIdle();
    if (!this.#paused || this.#unanswered > MAX_UNANSWERED / 2) return;
    this.#paused = false;
    this.#deps.channel.resume();
  }
}
