/** Why a sink did not take entries. */
export type SinkErrorCode =
  | "sink_too_slow" // it did not take a batch in time
  | "sink_not_a_file" // the path names a folder, a device or a pipe
  | "sink_ended_early" // the receiver ended the connection before it had read everything
  | "sink_bucket_failed"; // the bucket, or the way to it, refused an object

/** The message never names the place of a sink, because the log shows it. */
export class SinkError extends Error {
  override readonly name = "SinkError";
  readonly code: SinkErrorCode;
  constructor(code: SinkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
