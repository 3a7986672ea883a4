/** The outcome of a policy, with the reasons that go into the audit log. */
export interface Decision {
  readonly allowed: boolean;
  /** Short names of the rules or facts that decided; never empty. */
  readonly reasons: readonly string[];
}

export const allow = (...reasons: readonly string[]): Decision => ({ allowed: true, reasons });
export const deny = (...reasons: readonly string[]): Decision => ({ allowed: false, reasons });
