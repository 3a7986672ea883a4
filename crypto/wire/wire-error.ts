/** The faults of bytes or text from outside. */
export type WireErrorCode =
  | "malformed_frame" // not a frame of frames.proto, or a field breaks its limits
  | "malformed_payload" // an opened payload is not of the canonical form
  | "unsupported_payload" // a payload version or body kind that this release does not know
  | "malformed_record"; // a device or control record is not of the canonical form

/** Input that does not have the expected form. Its message never repeats the input. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;
  constructor(code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
