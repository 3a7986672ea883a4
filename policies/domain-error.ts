/**
 * A refusal or failure of a use case. Its message never contains content, a secret or personal data.
 */
export abstract class DomainError<Code extends string = string> extends Error {
  readonly code: Code;
  /** Why, by code: the policy's reasons, or what was wrong with a sign-in. They are for the log. */
  readonly reasons: readonly string[];
  constructor(
    code: Code,
    message: string,
    options: ErrorOptions & { readonly reasons?: readonly string[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.reasons = options.reasons ?? [];
  }
}
