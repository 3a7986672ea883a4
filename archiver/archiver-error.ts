/** Every code that an error of the archiver can have. */
export type ArchiverErrorCode =
  | "invalid_option" // an option of the command line: the message says which and what it must be
  | "other_archive" // the archive belongs to another account
  | "record_exists" // another archiver wrote this record before
  | "record_damaged" // a record does not open, or is not what this program writes
  | "piece_missing"; // a piece of a file is not in the archive

/** The only error class of the archiver. The message is one sentence without content of conversations. */
export class ArchiverError extends Error {
  override readonly name = "ArchiverError";
  readonly code: ArchiverErrorCode;

  constructor(code: ArchiverErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
