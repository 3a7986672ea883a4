import { sqlState } from "../../db/database-error.ts";
import { AuditError } from "../audit-error.ts";

export interface FindingsOptions {
  /**
   * Called once for each finding, and again if its message changes. Called with the failure of a check too,
   * once while it keeps failing.
   */
  readonly onFinding: (error: unknown) => void;
  /** After it aborts, a check does not end a finding, because the check may have been cut short. */
  readonly stopped: AbortSignal;
  /** The time after which a check that keeps failing is a finding, in milliseconds. */
  readonly failingMs: number;
}

/** A check throws it if it cannot be made now. The message says why, without anything that an entry says. */
export class Postponed extends Error {
  override readonly name = "Postponed";
}

/** A check that has not been made since a time, as `performance.now` returns it. */
interface Failing {
  readonly sinceMs: number;
  readonly why: string;
}

/** The current findings of several checks that run again and again. */
export class Findings {
  readonly #options: FindingsOptions;
  readonly #found = new Map<string, AuditError>();
  readonly #failing = new Map<string, Failing>();
  readonly #unchecked = new Map<string, AuditError>();

  constructor(options: FindingsOptions) {
    this.#options = options;
  }

  /** The current findings, the oldest first. Those about checks that keep failing come last. */
  get all(): readonly AuditError[] {
    return [...this.#found.values(), ...this.#unchecked.values()];
  }

  /** Returns whether the check of this name has failed for so long that this is a finding. */
  isUnchecked(name: string): boolean {
    return this.#unchecked.has(name);
  }

  /**
   * Keeps the AuditError that `check` throws, until the check of this name finds nothing any more. Any other
   * error is a failure of the check itself, and a finding if it lasts.
   * @param what what is checked, such as "the log desk.example/audit/t/demo"
   * @returns whether the check could be made
   */
  async keep(name: string, what: string, check: () => Promise<void>): Promise<boolean> {
    try {
      await check();
      if (!this.#options.stopped.aborted) this.#found.delete(name);
    } catch (error) {
      if (!(error instanceof AuditError)) {
        this.#fail(name, what, error);
        return false;
      }
      this.#add(this.#found, name, error);
    }
    this.#failing.delete(name);
    this.#unchecked.delete(name);
    return true;
  }

  #fail(name: string, what: string, error: unknown): void {
    const { onFinding, stopped, failingMs } = this.#options;
    if (stopped.aborted) return;
    const why = reasonOf(error);
    const before = this.#failing.get(name);
    const { sinceMs } = before ?? { sinceMs: performance.now() };
    if (before?.why !== why && !(error instanceof Postponed)) onFinding(error);
    this.#failing.set(name, { sinceMs, why });
    if (performance.now() >= sinceMs + failingMs)
      this.#add(this.#unchecked, name, unchecked(what, why, failingMs));
  }

  #add(findings: Map<string, AuditError>, name: string, error: AuditError): void {
    if (findings.get(name)?.message !== error.message) this.#options.onFinding(error);
    findings.set(name, error);
  }
}

/** An error's own message may contain values of rows. */
function reasonOf(error: unknown): string {
  if (error instanceof Postponed) return error.message;
  const state = sqlState(error);
  if (state !== undefined) return `PostgreSQL answers with the error ${state}`;
  return error instanceof Error ? `it ends with ${error.name}` : "it fails";
}

const unchecked = (what: string, why: string, failingMs: number): AuditError =>
  new AuditError(
    "audit_log_unchecked",
    `The check of ${what} has not been possible for ${failingMs / 1_000} s: ${why}.`,
  );
