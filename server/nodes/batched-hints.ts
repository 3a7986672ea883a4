import { setTimeout as wait } from "node:timers/promises";
import type { ActivityKind } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { decodeHint, encodeHints, senderOf } from "./hint-payload.ts";
import type { HintSeal } from "./hint-seal.ts";
import type {
  ActivityHint,
  DeviceHint,
  EndedHint,
  HeadHint,
  Hint,
  HintListener,
  Hints,
  PresenceHint,
} from "./hints.ts";

/** The time that closing waits for hints to be sent, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/** Carries payloads to every node, including this one. */
export interface HintTransport {
  /** Rejects when the payloads could not be sent. They are not sent later. */
  send(payloads: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface TransportEvents {
  readonly onPayload: (payload: string) => void;
  readonly onListening: () => void;
  readonly onLost: (error: unknown) => void;
}

interface BatchedHintsOptions {
  /** Tells this node's payloads from those of other nodes. */
  readonly node: string;
  readonly seal: HintSeal;
  /** The shortest time between two sends, in milliseconds. */
  readonly flushMs: number;
  readonly listener: HintListener;
  readonly onLost: (error: unknown) => void;
  /**
   * Called with the time that one of this node's payloads took to come back to it, in milliseconds.
   */
  readonly onLag?: ((ms: number) => void) | undefined;
  readonly open: (events: TransportEvents) => Promise<HintTransport>;
}

/**
 * Sends hints in batches. Until the next send, only the newest hint about one subject is kept. Only
 * one send runs at a time, however much is committed.
 */
export class BatchedHints implements Hints {
  readonly #options: BatchedHintsOptions;
  #waiting = nothingWaits();
  #beats = false;
  #transport: HintTransport | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  /** True when the last send failed. */
  #lost = false;
  #lastSentMs = 0;
  #listeningSinceMs = 0;
  #closed = false;

  private constructor(options: BatchedHintsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when listening has begun or the first attempt has failed. A failed attempt is
   * repeated.
   */
  static async open(options: BatchedHintsOptions): Promise<BatchedHints> {
    const hints = new BatchedHints(options);
    hints.#transport = await options.open({
      onPayload: (payload) => hints.#onPayload(payload),
      onListening: () => hints.#onListening(),
      onLost: options.onLost,
    });
    hints.#schedule();
    return hints;
  }

  announce({ heads, devices, ended, activities, presences }: Partial<Hint>): void {
    const waiting = this.#waiting;
    for (const head of heads ?? []) {
      const before = waiting.heads.get(head.conversation);
      const membership = head.membership || before?.membership === true;
      const seq = Math.max(head.seq, before?.seq ?? 0);
      waiting.heads.set(head.conversation, { ...head, seq, membership });
    }
    for (const each of devices ?? []) waiting.devices.set(each.device, each);
    for (const each of ended ?? []) waiting.ended.set(each.device, each);
    for (const each of activities ?? [])
      waiting.activities.set(`${each.conversation} ${each.device} ${aspect[each.kind]}`, each);
    for (const each of presences ?? []) waiting.presences.set(each.user, each);
    this.#schedule();
  }

  beat(): void {
    this.#beats = true;
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    // Sends the last hints of a node that stops. Without them, the others would find its last
    // events only with a poll.
    await Promise.race([this.#sendRest(), wait(LAST_WORDS_MS, undefined, { ref: false })]);
    await this.#transport?.close();
  }

  async #sendRest(): Promise<void> {
    await this.#sending;
    if (this.#hasWaiting) await this.#flush();
  }

  get #hasWaiting(): boolean {
    return this.#beats || Object.values(this.#waiting).some(({ size }) => size > 0);
  }

  #schedule(): void {
    if (this.#closed || this.#sending !== undefined || this.#timer !== undefined) return;
    if (this.#transport === undefined || !this.#hasWaiting) return;
    const waitMs = this.#lastSentMs + this.#options.flushMs - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#sending = this.#flush().finally(() => {
          this.#sending = undefined;
          this.#schedule();
        });
      },
      Math.max(0, waitMs),
    );
  }

  async #flush(): Promise<void> {
    const { heads, devices, ended, activities, presences } = this.#waiting;
    const nowMs = performance.now();
    const payloads = encodeHints(
      { node: this.#options.node, at: nowMs, listeningSinceMs: this.#listeningSinceMs },
      {
        heads: [...heads.values()],
        devices: [...devices.values()],
        ended: [...ended.values()],
        activities: [...activities.values()],
        presences: [...presences.values()],
      },
    );
    this.#waiting = nothingWaits();
    this.#beats = false;
    this.#lastSentMs = nowMs;
    // Drops a hint that cannot be sent. The polls of the other nodes find what it announced.
    const sealed = payloads.map((payload) => this.#options.seal.seal(payload));
    const sent = await this.#transport?.send(sealed).then(
      () => true,
      () => false,
    );
    const again = sent === true && this.#lost;
    this.#lost = sent !== true;
    // Announces what other nodes may have missed, once hints travel again.
    if (again && !this.#closed) this.#options.listener.onListening();
  }

  #onListening(): void {
    this.#listeningSinceMs = performance.now();
    this.#options.listener.onListening();
  }

  #onPayload(text: string): void {
    if (this.#closed) return;
    const payload = this.#options.seal.open(text);
    if (payload === undefined) return;
    const sender = senderOf(payload);
    if (sender?.node === this.#options.node) {
      this.#options.onLag?.(performance.now() - sender.at);
      return;
    }
    const hint = decodeHint(payload);
    if (hint !== undefined) this.#options.listener.onHint(hint, hint);
  }
}

/** The subject of an activity. A later activity about the same subject replaces it. */
const aspect: Readonly<Record<ActivityKind, string>> = {
  typing: "typing",
  stopped: "typing",
  delivered: "delivered",
  read: "read",
};

/** Hints by their subject. */
const nothingWaits = () => ({
  heads: new Map<ConversationId, HeadHint>(),
  devices: new Map<DeviceId, DeviceHint>(),
  ended: new Map<DeviceId, EndedHint>(),
  activities: new Map<string, ActivityHint>(),
  presences: new Map<UserId, PresenceHint>(),
});
