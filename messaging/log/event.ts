import type { EventHeader } from "../../crypto/wire/event.ts";
import type { Packet } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/** An event with its place in the log: what is stored, and what is delivered. */
export interface LoggedEvent extends EventHeader {
  readonly tenant: Uuid;
  /** For every kind but `message`, an encoded Control. */
  readonly ciphertext: Uint8Array;
  readonly commitment: Uint8Array;
  readonly frankingTag: Uint8Array;
  readonly transcriptHash: Uint8Array;
  readonly packets: readonly Packet[];
}

/** An event as one device may see it. */
export interface DeliverableEvent extends Omit<LoggedEvent, "packets"> {
  /** The packet meant for the device that asked. */
  readonly packet: Uint8Array | undefined;
  /** The hash before it, on the first event of a range the device may see. */
  readonly previousHash: Uint8Array | undefined;
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
