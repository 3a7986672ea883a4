import type { Deliver, Packet } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/** An event as a device may see it: what a `deliver` frame carries. */
export interface DeliverableEvent extends Deliver {
  readonly tenant: Uuid;
}

/** An event of which nothing but its place is left: the key that sealed it is destroyed. */
export interface ErasedEvent {
  readonly kind: "erased";
  readonly seq: number;
}

/** An event as it is put into the log, with the packets of all devices. */
export interface LoggedEvent extends DeliverableEvent {
  readonly packets: readonly Packet[];
}

/** First millisecond of the UTC month that holds `ms`: where a partition begins. */
export function monthStartMs(ms: number): number {
  if (ms < month.start || ms >= month.end) {
    const date = new Date(ms);
    const [year, index] = [date.getUTCFullYear(), date.getUTCMonth()];
    month = { start: Date.UTC(year, index), end: Date.UTC(year, index + 1) };
  }
  return month.start;
}

/** The month last asked for: nearly always the one asked for next. */
let month = { start: 0, end: 0 };
