/** Collects functions that close resources, and calls them in reverse order. */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];
  #closed = false;

  /** Adds a function. After `close`, calls it at once: an aborted start may continue for a while. */
  add(close: () => Promise<void>): void {
    if (this.#closed) close().catch(() => undefined);
    else this.#closers.push(close);
  }

  /** Closes everything, even if something fails. Rejects with the first failure. */
  async close(): Promise<void> {
    this.#closed = true;
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).toReversed())
      await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
