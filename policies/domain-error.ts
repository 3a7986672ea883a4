/**
 * A refusal or failure of a use case. Its message never contains content, a secret or personal data.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  /** Why, by code: the policy's reasons, or what was wrong with a sign-in. They are for the log. */
  readonly reasons: readonly string[];
  constructor(message: string, options: DomainErrorOptions = {}) {
    super(message, options);
    this.reasons = options.reasons ?? [];
  }
}

export type DomainErrorOptions = ErrorOptions & { readonly reasons?: readonly string[] };
