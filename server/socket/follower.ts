import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { VisibleRange } from "../../messaging/follow/visible-ranges.ts";

/**
 * Tracks the progress of one connection in one conversation. A follower sends nothing before
 * `start`. A live follower has been sent everything that it may see, and is sent the next event at
 * its commit. Any other follower reads from the database.
 */
export class Follower {
  readonly conversation: ConversationId;
  /** False until the device has reported its last event. */
  started = false;
  /** The last event that was sent, or that the device knew before. */
  sent = 0;
  /** The last event that the device acknowledged. */
  acked = 0;
  /** The log's last event that this node knows of. */
  head: number;
  /** The last event that the device acknowledged, as far as the database knows. */
  stored = 0;
  /** True once the conversation is closed, as far as this node knows. */
  closed = false;
  /** True while a page is being read. */
  reading = false;
  /** True after the device was told that it has caught up. */
  synced = false;
  /** Events that no longer exist. Nothing is sent until the device has acknowledged the gap. */
  gap: { readonly from: number; readonly to: number } | undefined;
  #ranges: VisibleRange[];

  constructor(conversation: ConversationId, head: number, ranges: readonly VisibleRange[]) {
    this.conversation = conversation;
    this.head = head;
    this.#ranges = [...ranges];
  }

  /** Records that the device knows everything up to event `cursor`. It is sent what comes after. */
  start(cursor: number): void {
    this.started = true;
    this.sent = Math.max(cursor, this.#firstSeq() - 1);
    this.acked = this.sent;
    this.#skipDoneRanges();
  }

  /**
   * Takes over what `earlier` knows of the same conversation. This one was read from the database
   * while `earlier` was told of changes.
   */
  absorb(earlier: Follower): void {
    this.head = Math.max(this.head, earlier.head);
    this.closed ||= earlier.closed;
    for (const { fromSeq } of earlier.#ranges) this.resumeFrom(fromSeq);
  }

  #firstSeq(): number {
    return this.#ranges[0]?.fromSeq ?? 1;
  }

  /**
   * Returns the range that contains the next event; undefined when the device will never see
   * another one.
   */
  get range(): VisibleRange | undefined {
    return this.#ranges[0];
  }

  /** Returns the last event that the device may see now. */
  get target(): number {
    const last = this.#ranges.at(-1);
    return last === undefined ? this.sent : Math.min(this.head, last.untilSeq ?? this.head);
  }

  get behind(): boolean {
    return this.started && this.sent < this.target;
  }

  /**
   * True when the device has acknowledged everything that it may see, and nothing more is to come.
   * A closed conversation may still continue, in rare cases.
   */
  get finished(): boolean {
    const ended = this.range === undefined || this.closed;
    return this.started && ended && !this.behind && this.unacknowledged === 0;
  }

  /** True while the device belongs to a member. */
  get isMember(): boolean {
    const last = this.#ranges.at(-1);
    return last !== undefined && last.untilSeq === undefined;
  }

  /** Returns the number of the next event to send. */
  get next(): number {
    return Math.max(this.sent, this.#firstSeq() - 1) + 1;
  }

  /**
   * Records that the device knows of the gap, and therefore of everything before it.
   * @returns how many deliveries this acknowledges
   */
  skipGap(): number {
    const { unacknowledged } = this;
    if (this.gap === undefined) return 0;
    this.sent = this.gap.to;
    this.acked = this.sent;
    this.gap = undefined;
    this.#skipDoneRanges();
    return unacknowledged;
  }

  /** Deliveries that were sent and not acknowledged. */
  get unacknowledged(): number {
    return this.sent - this.acked;
  }

  markSent(seq: number): void {
    this.sent = seq;
    this.#skipDoneRanges();
  }

  /**
   * @returns how many deliveries this acknowledges; an event that was never sent cannot be
   *   acknowledged
   */
  markAcked(seq: number): number {
    const before = this.acked;
    this.acked = Math.max(before, Math.min(seq, this.sent));
    return this.acked - before;
  }

  /** Records that the membership ended with event `seq`, which is the last event to send. */
  endAt(seq: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.untilSeq === undefined && last.fromSeq <= seq)
      this.#ranges[this.#ranges.length - 1] = { ...last, untilSeq: seq };
    this.#skipDoneRanges();
  }

  /** Records that event `seq`, which is about to be sent, ends the device's membership. */
  narrowTo(seq: number): void {
    const [range] = this.#ranges;
    if (range !== undefined) this.#ranges[0] = { ...range, untilSeq: seq };
  }

  /** Records that the device is a member again from event `seq`, unless that is known already. */
  resumeFrom(seq: number): void {
    const last = this.#ranges.at(-1);
    if (last === undefined ? seq <= this.sent : (last.untilSeq ?? Infinity) >= seq) return;
    this.#ranges.push({ fromSeq: seq, untilSeq: undefined });
    this.#skipDoneRanges();
  }

  /** Skips events between two memberships, which the device may not see. */
  #skipDoneRanges(): void {
    let [range] = this.#ranges;
    while (range?.untilSeq !== undefined && this.sent >= range.untilSeq) {
      this.#ranges.shift();
      [range] = this.#ranges;
      if (range === undefined) return;
      const skipped = Math.max(0, range.fromSeq - 1 - this.sent);
      this.sent += skipped;
      this.acked += skipped;
    }
  }
}
