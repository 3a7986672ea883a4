export type PeerErrorCode =
  | "peer_missing" // it is not installed on this machine
  | "peer_failed"; // it did not start, or ended

/** A relay to compare with is not available. */
export class PeerError extends Error {
  override readonly name = "PeerError";
  readonly code: PeerErrorCode;

  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
