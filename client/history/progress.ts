import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { SealdeskErrorCode } from "../errors.ts";

/** How far a history grant has come. */
export interface HistoryProgress {
  readonly grant: Uuid;
  /** "giving": this device shows its history; "receiving": it is shown another's. */
  readonly direction: "giving" | "receiving";
  /** The range, both ends included: on "receiving", what to read again once `done` is `total`. */
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Events of the range. */
  readonly done: number;
  readonly total: number;
  /** Of what this device gives: it was not granted and will not be. */
  readonly failed?: SealdeskErrorCode;
}
