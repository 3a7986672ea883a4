import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { VisibleRange } from "../../messaging/follow/visible-ranges.ts";

/**
 * How far one connection has come in one conversation. Live means: everything it may see has been
 * sent, and the next event is sent as it is committed. Otherwise it is read from the database.
 */
export class Follower {
  readonly conversation: Uuid;
  /** The last event sent, or known to the device from before. */
  sent: number;
  /** The last event the device acknowledged. */
  acked: number;
  /** The log's last event, as far as this node knows. */
  head: number;
  /** True while a page is being read. */
  reading = false;
  /** True once the device was told that it has caught up. */
  synced = false;
  /** Events that are not there any more; nothing follows until the device knows of it. */
  gap: { readonly from: number; readonly to: number } | undefined;
  /** The event that comes after a gap, with which the device's hash chain begins anew. */
  #afterGap = 0;
  #ranges: VisibleRange[];

  constructor(conversation: Uuid, cursor: number, head: number, ranges: readonly VisibleRange[]) {
    this.conversation = conversation;
    this.head = head;
    this.#ranges = [...ranges];
    this.sent = Math.max(cursor, this.#firstSeq() - 1);
    this.acked = this.sent;
    this.#skipDoneRanges();
  }

  #firstSeq(): number {
    return this.#ranges[0]?.fromSeq ?? 1;
  }

  /** The range in which the next event lies; undefined when there is nothing more to see, ever. */
  get range(): VisibleRange | undefined {
    return this.#ranges[0];
  }

  /** The last event the device may see now. */
  get target(): number {
    const last = this.#ranges.at(-1);
    return last === undefined ? this.sent : Math.min(this.head, last.untilSeq ?? this.head);
  }

  get behind(): boolean {
    return this.sent < this.target;
  }

  /** True while the device is a member's. */
  get isMember(): boolean {
    const last = this.#ranges.at(-1);
    return last !== undefined && last.untilSeq === undefined;
  }

  /** The number of the next event to be sent, once there is one. */
  get next(): number {
    return Math.max(this.sent, this.#firstSeq() - 1) + 1;
  }

  /** The event that says what hash the device's chain goes on from; the first of a range by default. */
  get anchor(): number {
    return Math.max(this.#afterGap, this.#firstSeq());
  }

  /** The device knows of the gap, and so of everything before it. @returns deliveries that acknowledges */
  skipGap(): number {
    const { unacknowledged } = this;
    if (this.gap === undefined) return 0;
    this.sent = this.gap.to;
    this.acked = this.sent;
    this.#afterGap = this.sent + 1;
    this.gap = undefined;
    this.#skipDoneRanges();
    return unacknowledged;
  }

  /** Deliveries on their way and not acknowledged. */
  get unacknowledged(): number {
    return this.sent - this.acked;
  }

  markSent(seq: number): void {
    this.sent = seq;
    this.#skipDoneRanges();
  }

  /** @returns how many deliveries this acknowledges. What was never sent cannot be acknowledged. */
  markAcked(seq: number): number {
    const before = this.acked;
    this.acked = Math.max(before, Math.min(seq, this.sent));
    return this.acked - before;
  }

  /** The membership ended with event `seq`, which is the last one to be sent. */
  endAt(seq: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.untilSeq === undefined && last.fromSeq <= seq)
      this.#ranges[this.#ranges.length - 1] = { ...last, untilSeq: seq };
    this.#skipDoneRanges();
  }

  /** Event `seq` itself, which is about to be sent, says that the device is no member after it. */
  narrowTo(seq: number): void {
    const [range] = this.#ranges;
    if (range !== undefined) this.#ranges[0] = { ...range, untilSeq: seq };
  }

  /** The device is a member again, from event `seq` on; unless that is known already. */
  resumeFrom(seq: number): void {
    const last = this.#ranges.at(-1);
    if (last === undefined ? seq <= this.sent : (last.untilSeq ?? Infinity) >= seq) return;
    this.#ranges.push({ fromSeq: seq, untilSeq: undefined });
    this.#skipDoneRanges();
  }

  /** Moves over events between two memberships, which are not this device's to see. */
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
