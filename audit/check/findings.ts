import { AuditError } from "../audit-error.ts";

/** The current findings of several checks that run again and again. */
export class Findings {
  readonly #onFinding: (error: AuditError) => void;
  readonly #stopped: AbortSignal;
  readonly #byCheck = new Map<string, AuditError>();

  /**
   * @param onFinding called once for each finding, and again if its message changes
   * @param stopped after it aborts, a check does not end a finding, because the check may have been
   *   cut short
   */
  constructor(onFinding: (error: AuditError) => void, stopped: AbortSignal) {
    this.#onFinding = onFinding;
    this.#stopped = stopped;
  }

  /** The current findings, the oldest first. */
  get all(): readonly AuditError[] {
    return [...this.#byCheck.values()];
  }

  /**
   * Keeps the AuditError that `check` throws, until the check of this name finds nothing any more.
   * @throws every other error of `check`
   */
  async keep(name: string, check: () => Promise<void>): Promise<void> {
    try {
      await check();
      if (!this.#stopped.aborted) this.#byCheck.delete(name);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      if (this.#byCheck.get(name)?.message !== error.message) this.#onFinding(error);
      this.#byCheck.set(name, error);
    }
  }
}
