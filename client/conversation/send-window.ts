import type { Uuid } from "../../crypto/wire/uuid.ts";

/** What the relay's refusal of one message asks for. */
export interface Refusal {
  /**
   * "rotated": the sealing is void, whatever else was refused before it. "packets": void too, unless
   * an earlier refusal kept the key's first message, with the packets, out of the log. "later": the
   * sealing stays good.
   */
  readonly kind: "rotated" | "packets" | "later";
  /** The relay's epoch; 0 when it was not said. */
  readonly epoch: number;
  /** Milliseconds to wait before anything is sent again. */
  readonly waitMs: number;
}

/** What to do next. */
export type Step =
  | { readonly kind: "idle" }
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "reseal"; readonly ids: readonly Uuid[] }
  | { readonly kind: "seal"; readonly ids: readonly Uuid[] }
  | { readonly kind: "send"; readonly id: Uuid };

interface Entry {
  readonly id: Uuid;
  /** The key it is sealed under. */
  key: Uuid | undefined;
  inFlight: boolean;
  refusals: { readonly epoch: number; count: number };
}

interface Hold {
  reseal: boolean;
  epoch: number;
  untilMs: number;
}

const maxRefusals = 8;

/**
 * Go-back-N over one conversation's outbox, without any input or output. Messages are sealed and
 * sent in order, several before the first is answered. After a refusal nothing more is sent until
 * everything in flight is answered; only then is it certain which sealings were never stored, and
 * these are made anew, in order. Nothing is sent under another key than what is in flight: the relay
 * may have ended the one and take the other, and later messages would stand before earlier ones.
 * When the connection is lost, what was in flight is sent again as the same bytes.
 */
export class SendWindow {
  readonly #size: number;
  #entries: Entry[] = [];
  #live = false;
  #hold: Hold | undefined;

  /** @param size messages that may be unanswered at a time */
  constructor(size: number) {
    this.#size = size;
  }

  /** @param key what it is sealed under already */
  add(id: Uuid, key: Uuid | undefined): void {
    this.#entries.push({ id, key, inFlight: false, refusals: { epoch: 0, count: 0 } });
  }

  /** A message that goes out before all others. Nothing may be in flight. */
  addFirst(id: Uuid): void {
    this.#entries.unshift({
      id,
      key: undefined,
      inFlight: false,
      refusals: { epoch: 0, count: 0 },
    });
  }

  /** The connection is there, and what it had to tell of own messages was told. */
  open(): void {
    this.#live = true;
  }

  /** The connection is gone, and with it the answers to what is in flight. */
  lost(): void {
    this.#live = false;
    this.#hold = undefined;
    for (const entry of this.#entries) entry.inFlight = false;
  }

  sealed(id: Uuid, key: Uuid): void {
    const entry = this.#find(id);
    if (entry !== undefined) entry.key = key;
  }

  /** These are to be sealed anew. */
  unsealed(ids: readonly Uuid[]): void {
    for (const entry of this.#entries) if (ids.includes(entry.id)) entry.key = undefined;
    this.#hold = undefined;
  }

  sent(id: Uuid): void {
    const entry = this.#find(id);
    if (entry !== undefined) entry.inFlight = true;
  }

  /** The message is in the log, or given up. @returns false when it was not waiting */
  remove(id: Uuid): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
    return this.#entries.length < before;
  }

  /**
   * The relay did not store the message.
   * @param epoch this device's
   * @returns false when it was refused so often in this epoch that it is to be given up
   */
  refused(id: Uuid, refusal: Refusal, epoch: number, nowMs: number): boolean {
    const entry = this.#find(id);
    if (entry?.inFlight !== true) return true;
    entry.inFlight = false;
    const { kind, waitMs } = refusal;
    const hold = (this.#hold ??= { reseal: kind === "packets", epoch: 0, untilMs: 0 });
    hold.reseal ||= kind === "rotated";
    hold.epoch = Math.max(hold.epoch, refusal.epoch);
    hold.untilMs = Math.max(hold.untilMs, nowMs + waitMs);
    if (kind === "later") return true;
    if (entry.refusals.epoch !== epoch) entry.refusals = { epoch, count: 0 };
    return ++entry.refusals.count <= maxRefusals;
  }

  /** True while an answer is owed. */
  get unanswered(): boolean {
    return this.#entries.some((entry) => entry.inFlight);
  }

  /** @param epoch this device's, which may be behind the relay's */
  next(epoch: number, nowMs: number): Step {
    if (!this.#live) return { kind: "idle" };
    const inFlight = this.#entries.filter((entry) => entry.inFlight);
    if (this.#hold !== undefined) {
      const { reseal, untilMs } = this.#hold;
      if (inFlight.length > 0 || this.#hold.epoch > epoch) return { kind: "idle" };
      if (nowMs < untilMs) return { kind: "wait", untilMs };
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

  #find(id: Uuid): Entry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }
}
