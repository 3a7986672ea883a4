import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { RestorePeriod } from "../key-log/kept-restores.ts";

/**
 * An event gets its time before it is committed, and the machines that run the server and make the
 * backup have clocks of their own. So an event from shortly before the backup may be missing in it.
 */
export const toleranceMs = 2 * 60_000;

/**
 * Returns whether one of the restores may have lost an event. The server got it after the backup and
 * before the restore was declared. Both times are the server's own (docs/threat-model.md).
 * @param receivedAtMs the event's time, in milliseconds since the Unix epoch
 */
export const mayBeLost = (receivedAtMs: number, restores: readonly RestorePeriod[]): boolean =>
  restores.some(
    ({ backupOfMs, declaredAtMs }) =>
      receivedAtMs > backupOfMs - toleranceMs && receivedAtMs <= declaredAtMs,
  );

/** The parts of a conversation's log that must be compared with the log that the server has now. */
export interface Comparison {
  /** The restores that were not applied to the conversation yet, the earliest first. */
  readonly restores: readonly RestorePeriod[];
  /**
   * The last event that none of the restores may have lost. The server must have it. 0 if the device
   * saw no such event.
   */
  readonly anchor: number;
  /** The last event that the device saw. */
  readonly seen: number;
  /** The last event that the device knows of. It saw that event, or knows that it is gone. */
  readonly end: number;
}

export type ComparisonVerdict =
  /** The logs agree here. */
  | { readonly kind: "same" }
  /**
   * A restore lost the events after the last one that both have, or the lost events are unknown.
   */
  | { readonly kind: "lost" }
  /** A difference that no restore explains. */
  | { readonly kind: "alarm"; readonly seq: number; readonly code: "forked_log" | "rolled_back" };

/**
 * Compares an event that the server has now with what the device has at its place.
 * @param kept the transcript hash that the device has there; undefined if it has no such event
 */
export function judgeEvent(
  { anchor }: Comparison,
  { seq, transcriptHash }: { readonly seq: number; readonly transcriptHash: Uint8Array },
  kept: Uint8Array | undefined,
): ComparisonVerdict {
  if (kept !== undefined && equalBytes(kept, transcriptHash)) return { kind: "same" };
  return seq <= anchor ? { kind: "alarm", seq, code: "forked_log" } : { kind: "lost" };
}

/**
 * Compares the end of the server's log with the end of the device's.
 * @param same the last event that both have
 * @param reached the last event that both have, or that is purged or erased on the server
 */
export function judgeEnd(
  { anchor, seen, end }: Comparison,
  { same, reached }: { readonly same: number; readonly reached: number },
): ComparisonVerdict {
  if (reached < anchor) return { kind: "alarm", seq: anchor, code: "rolled_back" };
  return { kind: same >= seen && reached >= end ? "same" : "lost" };
}
