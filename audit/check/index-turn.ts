import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { AuditError } from "../audit-error.ts";
import type { IndexCheck } from "../search/index-check.ts";
import { limitLocks } from "./in-check.ts";
import type { CheckedPage } from "./log-reading.ts";

/** The longest time for which a statement on the search index waits for a lock, in milliseconds. */
const LOCK_MS = 500;

/**
 * Builds and compares the search index of one log while the log is read. It uses transactions of its own, so
 * a fault of the index does not end the check of the log.
 */
export class IndexTurn {
  readonly #pool: Pool;
  readonly #index: IndexCheck;
  #fault: AuditError | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(pool: Pool, index: IndexCheck) {
    this.#pool = pool;
    this.#index = index;
  }

  /** Takes the next page of the log. After a failure it takes no more, because each would wait for a lock. */
  async take(page: CheckedPage): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      const faults = await inTransaction(this.#pool, page.log, async (client) => {
        await limitLocks(client, LOCK_MS);
        const added = await this.#index.add(client, page, page.entries);
        return [added, page.next === undefined ? await this.#index.end(client, page) : undefined];
      });
      for (const fault of faults) this.#fault ??= fault;
    } catch (error) {
      this.#failure = { error };
    }
  }

  /**
   * Requires that the index could be compared and is as the entries say.
   * @throws AuditError audit_log_altered; the failure of the comparison
   */
  async assertIntact(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#fault !== undefined) throw this.#fault;
  }
}
