import { wireLimits } from "../../crypto/wire/frame.ts";
import type { Send } from "../../crypto/wire/frame.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { ConversationLog } from "../../messaging/log/conversation-log.ts";
import { sizeOf, type PostOutcome } from "../../messaging/log/plan-messages.ts";
import { MessagingError } from "../../messaging/messaging-error.ts";
import type { Channel } from "./channel.ts";
import type { Deliveries } from "./deliveries.ts";
import { acceptedFrame, admissionRefusedFrame, refusedFrame, type RefusalCode } from "./frames.ts";
import type { AuthenticatedHello } from "./handshake.ts";
import type { SocketObserver } from "./socket-observer.ts";
import type { MessageLimits } from "./message-limits.ts";
import type { Reading } from "./reading.ts";
import { relayLimits } from "../limits.ts";

/**
 * The dependencies that all sockets share. They are passed by reference, because there is one of
 * these objects per socket.
 */
export interface InboundMessagesDeps {
  readonly log: Pick<ConversationLog, "post">;
  readonly messageLimits: MessageLimits;
  readonly observer?: Pick<SocketObserver, "refused"> | undefined;
  readonly monotonic: () => number;
}

/** The sender of the messages, and the destination of their answers. */
export interface InboundMessagesSocket {
  readonly actor: AuthenticatedHello["actor"];
  readonly channel: Pick<Channel, "bufferedBytes">;
  readonly reading: Pick<Reading, "pause" | "resume">;
  readonly transmit: (frame: Uint8Array) => void;
  readonly deliveries: Pick<Deliveries, "hasAnswered" | "isMember">;
  /** Whether the policy lets this device post at all. */
  readonly mayPost: (conversation: ConversationId) => boolean;
  /** Called when every message taken so far has been answered. */
  readonly onIdle: () => void;
}

/**
 * A device over its limit is refused for at least this long, so that its later messages stay in
 * order.
 */
const SHORTEST_REFUSAL_MS = 500;

/** The messages of one socket. Each is answered once, when its outcome is final. */
export class InboundMessages {
  readonly #deps: InboundMessagesDeps;
  readonly #socket: InboundMessagesSocket;
  #unanswered = 0;
  #unansweredBytes = 0;
  #paused = false;
  #refusedUntilMs = 0;

  constructor(deps: InboundMessagesDeps, socket: InboundMessagesSocket) {
    this.#deps = deps;
    this.#socket = socket;
  }

  get idle(): boolean {
    return this.#unanswered === 0;
  }

  take(send: Send): void {
    const { log } = this.#deps;
    const { actor, transmit } = this.#socket;
    const retryAfterMs = this.#retryAfterMs();
    if (retryAfterMs > 0) this.#refuse(send, "rate_limited", retryAfterMs);
    else if (!this.#socket.mayPost(send.conversation)) this.#refuse(send, "forbidden");
    else if (send.ciphertext.length > wireLimits.ciphertext)
      this.#refuse(send, this.#tooLarge(send));
    else {
      const bytes = sizeOf(send);
      this.#unanswered++;
      this.#unansweredBytes += bytes;
      const { tenant, device, signIn } = actor;
      log.post({ tenant, senderDevice: device, send, signIn }).then(
        (outcome) => {
          this.#answer(send, outcome);
          this.#answered(bytes);
        },
        (error: unknown) => {
          const code = error instanceof MessagingError ? error.code : "unavailable";
          transmit(refusedFrame(send, code));
          this.#answered(bytes);
        },
      );
    }
    this.regulate();
  }

  /** Pauses or resumes reading, according to the amount under way in both directions. */
  regulate(): void {
    const { channel, reading } = this.#socket;
    const share = this.#paused ? 0.5 : 1;
    const full =
      this.#unanswered >= relayLimits.unanswered * share ||
      this.#unansweredBytes >= relayLimits.unansweredBytes * share ||
      channel.bufferedBytes >= relayLimits.bufferedBytes * share;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) reading.pause();
    else reading.resume();
  }

  #refuse(send: Send, code: RefusalCode, retryAfterMs?: number): void {
    this.#deps.observer?.refused(code);
    this.#socket.transmit(refusedFrame(send, code, retryAfterMs));
  }

  /**
   * Tells a non-member that the conversation does not exist, even if the message has another fault.
   */
  #tooLarge({ conversation }: Send): "message_too_large" | "conversation_not_found" {
    const { deliveries } = this.#socket;
    return deliveries.isMember(conversation) ? "message_too_large" : "conversation_not_found";
  }

  #retryAfterMs(): number {
    const { messageLimits, monotonic } = this.#deps;
    const nowMs = monotonic();
    if (nowMs < this.#refusedUntilMs) return Math.ceil(this.#refusedUntilMs - nowMs);
    const waitMs = messageLimits.take(this.#socket.actor);
    if (waitMs === 0) return 0;
    const refusedMs = Math.max(waitMs, SHORTEST_REFUSAL_MS);
    this.#refusedUntilMs = nowMs + refusedMs;
    return refusedMs;
  }

  #answer(send: Send, outcome: PostOutcome): void {
    const { transmit, deliveries } = this.#socket;
    if (!outcome.accepted) transmit(admissionRefusedFrame(send, outcome.refusal, outcome.head));
    else if (!deliveries.hasAnswered(outcome.message)) transmit(acceptedFrame(outcome.message));
  }

  #answered(bytes: number): void {
    this.#unanswered--;
    this.#unansweredBytes -= bytes;
    if (this.#unanswered === 0) this.#socket.onIdle();
    this.regulate();
  }
}
