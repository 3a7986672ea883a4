/** Why a witness did not cosign. */
export type WitnessErrorCode =
  | "unreachable" // it does not answer, or says that it cannot now
  | "unknown_log" // nobody told it of the log
  | "not_submitted" // our own rows do not hold: nothing was sent
  | "refused" // it does not take the request
  | "disagrees" // it says that it saw another history
  | "wrong_cosignature"; // its answer is not its signature over the head

export class WitnessError extends Error {
  override readonly name = "WitnessError";
  readonly code: WitnessErrorCode;
  /** "disagrees": the size that it says it saw, if it says one. */
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
