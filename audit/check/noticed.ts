import type { AuditError } from "../audit-error.ts";

/** How long a finding stays, in milliseconds. */
const KEPT_MS = 600_000;
const MOST = 16;

/**
 * What a node found and put right, or cannot find again. It stays for ten minutes, so that whoever watches the node
 * sees it.
 */
export class Noticed {
  readonly #onFinding: (error: AuditError) => void;
  #found: readonly { readonly error: AuditError; readonly untilMs: number }[] = [];

  /** @param onFinding called once for each finding */
  constructor(onFinding: (error: AuditError) => void) {
    this.#onFinding = onFinding;
  }

  /** Returns the findings of the last ten minutes, the oldest first. */
  get all(): readonly AuditError[] {
    const nowMs = performance.now();
    return this.#found.filter(({ untilMs }) => untilMs > nowMs).map(({ error }) => error);
  }

  add(error: AuditError): void {
    this.#onFinding(error);
    this.#found = [...this.#found, { error, untilMs: performance.now() + KEPT_MS }].slice(-MOST);
  }
}
