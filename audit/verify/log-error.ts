/** The faults of a log, a proof or a note. */
export type LogErrorCode =
  | "malformed" // does not have the form that the specification requires
  | "unsigned" // no signature by a known key
  | "wrong_signature" // a signature by a known key that does not verify
  | "wrong_origin" // a checkpoint of another log
  | "missing" // a tile, a bundle or the checkpoint is missing
  | "extra" // there is more than the checkpoint's tree holds
  | "mismatch" // entry, tile and checkpoint do not agree
  | "rolled_back" // the log is shorter than before
  | "forked" // the log does not extend its earlier state
  | "invalid_proof" // a proof that does not lead to the root
  | "quorum_missing" // too few witnesses cosigned
  | "revoked_key"; // signed only by a key that is not trusted any more

/** A log that failed verification. `place` names the first index, tile or file that shows it. */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: LogErrorCode;
  readonly place: string;
  constructor(code: LogErrorCode, place: string, message: string, options?: ErrorOptions) {
    super(`${place}: ${message}`, options);
    this.code = code;
    this.place = place;
  }
}
