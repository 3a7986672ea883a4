/** Why a witness did not cosign. */
export type WitnessErrorCode =
  | "unreachable" // it does not answer, or says that it cannot at the moment
  | "unknown_log" // it was not told about the log
  | "not_submitted" // our own rows do not verify, so nothing was sent
  | "refused" // it does not accept the request
  | "disagrees" // it says that it saw another history
  | "wrong_cosignature"; // its answer is not its signature over the head

export class WitnessError extends Error {
  override readonly name = "WitnessError";
  readonly code: WitnessErrorCode;
  /** The size that the witness says it saw, for "disagrees". Undefined if it gave none. */
  readonly seen: number | undefined;
  constructor(
    code: WitnessErrorCode,
    message: string,
    { seen, ...options }: ErrorOptions & { readonly seen?: number | undefined } = {},
  ) {
    super(message, options);
    this.code = code;
    this.seen = seen;
  }
}
