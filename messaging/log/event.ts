import type { Deliver, Packet } from "../../crypto/wire/frame.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";

/** An event as a device may see it, with the content of a `deliver` frame. */
export interface DeliverableEvent extends Deliver {
  readonly tenant: TenantId;
}

/**
 * An event of which only the place is left, because the key that encrypted it is destroyed, or the
 * hash of the event before, without which no device can check it.
 */
export interface ErasedEvent {
  readonly kind: "erased";
  readonly seq: number;
}

/** An event as it enters the log, with the packets of all devices. */
export interface LoggedEvent extends DeliverableEvent {
  readonly packets: readonly Packet[];
}

/** Returns the first millisecond of the UTC month that contains `ms`. A partition begins there. */
export function monthStartMs(ms: number): number {
  if (ms < month.startMs || ms >= month.endMs) {
    const date = new Date(ms);
    const [year, index] = [date.getUTCFullYear(), date.getUTCMonth()];
    month = { startMs: Date.UTC(year, index), endMs: Date.UTC(year, index + 1) };
  }
  return month.startMs;
}

/** The last result. The next call nearly always asks for the same month. */
let month = { startMs: 0, endMs: 0 };
