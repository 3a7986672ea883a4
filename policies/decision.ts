/** The result of a policy, with the reasons that the audit log records. */
export interface Decision {
  readonly allowed: boolean;
  /** Short names of the rules or facts that were decisive; never empty. */
  readonly reasons: readonly string[];
}

export const allow = (...reasons: readonly string[]): Decision => ({ allowed: true, reasons });
export const deny = (...reasons: readonly string[]): Decision => ({ allowed: false, reasons });
