/** The faults of rules, models and detectors. */
export type ModerationErrorCode =
  | "invalid_rule_set" // rules from outside do not have the expected form
  | "rule_set_not_authentic" // the tenant's authority did not sign the rule set
  | "rule_set_rolled_back" // the device knows a later number: the server shows an old one
  | "rule_set_expired" // nobody renewed it: a server may hold back a newer one
  | "invalid_examples" // examples to learn from or to measure with do not have the expected form
  | "invalid_model" // a model does not have the expected form
  | "text_too_long" // more than the detectors look at
  | "detector_failed"; // a detector threw, took too long or needed too much memory

/** Its message never repeats the text that a detector looked at. */
export class ModerationError extends Error {
  override readonly name = "ModerationError";
  readonly code: ModerationErrorCode;
  constructor(code: ModerationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
