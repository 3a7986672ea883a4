import type { GrantId } from "../../crypto/wire/ids.ts";
import type { SealdeskErrorCode } from "../errors.ts";

/** The progress of a history grant. */
export interface HistoryProgress {
  readonly grant: GrantId;
  /**
   * "giving": this device shares its history. "receiving": another device shares its history with
   * this one.
   */
  readonly direction: "giving" | "receiving";
  /**
   * The range, both ends included. When you receive and `done` equals `total`, read this range
   * again.
   */
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Number of events in the range. */
  readonly done: number;
  readonly total: number;
  /** The error of a grant that this device makes and that failed permanently. */
  readonly failed?: SealdeskErrorCode;
}
