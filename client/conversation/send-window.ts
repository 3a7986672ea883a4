import type { MessageId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/** The reaction to the relay's refusal of one message. */
export interface Refusal {
  /**
   * "rotated": the sealing is void. "packets": the sealing is void too, unless an earlier refusal
   * kept the key's first message, which carries the packets, out of the log. "stale": the id is void,
   * and the sealing with it. "later": the sealing stays valid.
   */
  readonly kind: "rotated" | "packets" | "stale" | "later";
  /** The relay's epoch. 0 if the relay did not name it. */
  readonly epoch: number;
  /** Milliseconds to wait before the next send. */
  readonly waitMs: number;
}

/** The next step of the sender. */
export type Step =
  | { readonly kind: "idle" }
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "reseal"; readonly ids: readonly MessageId[] }
  | { readonly kind: "renew" }
  | { readonly kind: "seal"; readonly ids: readonly MessageId[] }
  | { readonly kind: "send"; readonly id: MessageId };

interface Entry {
  id: MessageId;
  /** The id of the key that the message is sealed under. */
  key: Uuid | undefined;
  inFlight: boolean;
  refusals: { readonly epoch: number; count: number };
}

interface Hold {
  reseal: boolean;
  renew: boolean;
  epoch: number;
  untilMs: number;
}

const maxRefusals = 8;

/**
 * Go-back-N over one conversation's outbox, without input or output. Messages are sealed and sent
 * in order, and several may be unanswered. After a refusal nothing more is sent until every message
 * in flight is answered. Only then is it certain which sealings were not stored. These messages are
 * sealed again, in order. If an id was refused, all waiting messages get new ids, because ids keep
 * the order of the outbox. Nothing is sent under another key than the one in flight: the relay might
 * refuse the first and accept the second, so later messages would precede earlier ones. After a
 * lost connection the messages in flight are sent again as the same bytes.
 */
export class SendWindow {
  readonly #size: number;
  #entries: Entry[] = [];
  #live = false;
  #hold: Hold | undefined;

  /** @param size how many messages may be unanswered */
  constructor(size: number) {
    this.#size = size;
  }

  /** @param key the key that the message is already sealed under */
  add(id: MessageId, key: Uuid | undefined): void {
    this.#entries.push({ id, key, inFlight: false, refusals: { epoch: 0, count: 0 } });
  }

  /** Adds a message that is sent before all others. Nothing may be in flight. */
  addFirst(id: MessageId): void {
    this.#entries.unshift({
      id,
      key: undefined,
      inFlight: false,
      refusals: { epoch: 0, count: 0 },
    });
  }

  /** Starts sending. The connection is open and has delivered all own messages. */
  open(): void {
    this.#live = true;
  }

  /** Stops sending. The connection is gone, and so are the answers to messages in flight. */
  lost(): void {
    this.#live = false;
    this.#hold = undefined;
    for (const entry of this.#entries) entry.inFlight = false;
  }

  sealed(id: MessageId, key: Uuid): void {
    const entry = this.#find(id);
    if (entry !== undefined) entry.key = key;
  }

  /** Marks messages that must be sealed again. */
  unsealed(ids: readonly MessageId[]): void {
    for (const entry of this.#entries) if (ids.includes(entry.id)) entry.key = undefined;
    this.#hold = undefined;
  }

  /** Returns the ids of all waiting messages, in order. */
  get ids(): readonly MessageId[] {
    return this.#entries.map(({ id }) => id);
  }

  /**
   * Replaces ids. These messages must be sealed again.
   * @param ids the new id by the old one
   */
  renewed(ids: ReadonlyMap<MessageId, MessageId>): void {
    for (const entry of this.#entries) {
      const id = ids.get(entry.id);
      if (id === undefined) continue;
      entry.id = id;
      entry.key = undefined;
    }
    this.#hold = undefined;
  }

  sent(id: MessageId): void {
    const entry = this.#find(id);
    if (entry !== undefined) entry.inFlight = true;
  }

  /**
   * Removes a message that is in the log or was given up.
   * @returns false if it was not waiting
   */
  remove(id: MessageId): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
    return this.#entries.length < before;
  }

  /**
   * Notes that the relay did not store the message.
   * @param epoch this device's epoch
   * @returns false if it was refused so often in this epoch that you must give it up
   */
  refused(id: MessageId, refusal: Refusal, epoch: number, nowMs: number): boolean {
    const entry = this.#find(id);
    if (entry?.inFlight !== true) return true;
    entry.inFlight = false;
    const { kind, waitMs } = refusal;
    const hold = (this.#hold ??= {
      reseal: kind === "packets",
      renew: false,
      epoch: 0,
      untilMs: 0,
    });
    hold.reseal ||= kind === "rotated";
    hold.renew ||= kind === "stale";
    hold.epoch = Math.max(hold.epoch, refusal.epoch);
    hold.untilMs = Math.max(hold.untilMs, nowMs + waitMs);
    // After a refusal that kept the key's first message out of the log, "packets" only repeats it.
    if (kind === "later" || (kind === "packets" && !hold.reseal && !hold.renew)) return true;
    if (entry.refusals.epoch !== epoch) entry.refusals = { epoch, count: 0 };
    return ++entry.refusals.count <= maxRefusals;
  }

  /**
   * Returns the messages of which it is certain that the relay does not store them. While the
   * connection is gone, no message is.
   */
  get unsent(): readonly MessageId[] {
    if (!this.#live) return [];
    return this.#entries.filter((entry) => !entry.inFlight).map(({ id }) => id);
  }

  /** True while a message is unanswered. */
  get unanswered(): boolean {
    return this.#entries.some((entry) => entry.inFlight);
  }

  /** @param epoch this device's epoch, which may be behind the relay's */
  next(epoch: number, nowMs: number): Step {
    if (!this.#live) return { kind: "idle" };
    const inFlight = this.#entries.filter((entry) => entry.inFlight);
    if (this.#hold !== undefined) {
      const { reseal, renew, untilMs } = this.#hold;
      if (inFlight.length > 0 || this.#hold.epoch > epoch) return { kind: "idle" };
      if (nowMs < untilMs) return { kind: "wait", untilMs };
      if (renew) return { kind: "renew" };
      const ids = this.#entries.filter((entry) => entry.key !== undefined).map(({ id }) => id);
      if (reseal && ids.length > 0) return { kind: "reseal", ids };
      this.#hold = undefined;
    }
    const free = this.#size - inFlight.length;
    const waiting = this.#entries.filter((entry) => !entry.inFlight).slice(0, Math.max(0, free));
    const [first] = waiting;
    if (first === undefined) return { kind: "idle" };
    const { id, key } = first;
    if (key === undefined) {
      const unsealed = waiting.filter((entry) => entry.key === undefined);
      return { kind: "seal", ids: unsealed.map((entry) => entry.id) };
    }
    const mayFollow = inFlight.every((entry) => entry.key === key);
    return mayFollow ? { kind: "send", id } : { kind: "idle" };
  }

  #find(id: MessageId): Entry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }
}
