/** Runs one unit of work at a time. Each `wake` runs it again, until there is nothing to do. */
export class WorkLoop {
  readonly #work: () => Promise<void>;
  readonly #onError: (error: unknown) => void;
  #again = false;
  #running: Promise<void> | undefined;

  /** @param work returns when it finds nothing more to do */
  constructor(work: () => Promise<void>, onError: (error: unknown) => void) {
    this.#work = work;
    this.#onError = onError;
  }

  wake(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Resolves when no work is running. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        await this.#work();
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      // Done in the same turn as the last check of `#again`, so that no wake is lost in between.
      this.#running = undefined;
    }
  }
}
