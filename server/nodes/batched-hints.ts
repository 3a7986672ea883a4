import type { Uuid } from "../../crypto/wire/uuid.ts";
import { decodeHint, encodeHints } from "./hint-payload.ts";
import type { DeviceHint, HeadHint, HintListener, Hints } from "./hints.ts";

/** Carries payloads to every node, this one included. */
export interface HintTransport {
  /** Rejects when they could not be sent; they are not sent later. */
  send(payloads: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface TransportEvents {
  readonly onPayload: (payload: string) => void;
  readonly onListening: () => void;
  readonly onLost: (error: unknown) => void;
}

interface BatchedHintsOptions {
  /** Tells this node's payloads from the others'. */
  readonly node: string;
  /** At least so long from one sending to the next, in milliseconds. */
  readonly flushMs: number;
  readonly listener: HintListener;
  readonly onLost: (error: unknown) => void;
  readonly open: (events: TransportEvents) => Promise<HintTransport>;
}

/**
 * Hints in batches: of a conversation only the newest head is kept until the next sending, and
 * there is one sending at a time, however much is committed.
 */
export class BatchedHints implements Hints {
  readonly #options: BatchedHintsOptions;
  readonly #heads = new Map<Uuid, HeadHint>();
  readonly #devices = new Map<Uuid, DeviceHint>();
  #transport: HintTransport | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  #lastSentMs = 0;
  #closed = false;

  private constructor(options: BatchedHintsOptions) {
    this.#options = options;
  }

  /** Resolves when listening has begun or a first attempt has failed; then it is tried again. */
  static async open(options: BatchedHintsOptions): Promise<BatchedHints> {
    const hints = new BatchedHints(options);
    hints.#transport = await options.open({
      onPayload: (payload) => hints.#onPayload(payload),
      onListening: () => options.listener.onListening(),
      onLost: options.onLost,
    });
    hints.#schedule();
    return hints;
  }

  announce(heads: readonly HeadHint[]): void {
    for (const head of heads) {
      const waiting = this.#heads.get(head.conversation);
      const membership = head.membership || waiting?.membership === true;
      const seq = Math.max(head.seq, waiting?.seq ?? 0);
      this.#heads.set(head.conversation, { ...head, seq, membership });
    }
    this.#schedule();
  }

  announceDevices(devices: readonly DeviceHint[]): void {
    for (const each of devices) this.#devices.set(each.device, each);
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#transport?.close();
  }

  #schedule(): void {
    if (this.#closed || this.#sending || this.#timer !== undefined) return;
    if (this.#transport === undefined || this.#heads.size + this.#devices.size === 0) return;
    const waitMs = this.#lastSentMs + this.#options.flushMs - performance.now();
    this.#timer = setTimeout(() => void this.#flush(), Math.max(0, waitMs));
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const payloads = encodeHints(
      this.#options.node,
      [...this.#heads.values()],
      [...this.#devices.values()],
    );
    this.#heads.clear();
    this.#devices.clear();
    this.#sending = true;
    this.#lastSentMs = performance.now();
    // What cannot be sent is lost: the other nodes' polls find it.
    await this.#transport?.send(payloads).catch(() => undefined);
    this.#sending = false;
    this.#schedule();
  }

  #onPayload(payload: string): void {
    const hint = decodeHint(payload);
    if (hint === undefined || hint.node === this.#options.node || this.#closed) return;
    this.#options.listener.onHint(hint);
  }
}
