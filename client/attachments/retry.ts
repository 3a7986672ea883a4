import { isTransient, SealdeskError } from "../errors.ts";
import { sleep, type Clock } from "../runtime.ts";

const firstWaitMs = 500;
const longestWaitMs = 30_000;
/** The number of consecutive answers from something other than the server that are tolerated. */
const mostForeign = 5;

/** Waits between attempts, longer after each failure in a row, while the failures are transient. */
export class Retry {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #most: number;
  #failures = 0;

  /** @param most how many failures in a row are tolerated */
  constructor(clock: Clock, signal: AbortSignal, most: number = Number.POSITIVE_INFINITY) {
    this.#clock = clock;
    this.#signal = signal;
    this.#most = most;
  }

  /**
   * Asks until there is an answer.
   * @throws the error if another attempt would not help
   */
  async answer<T>(ask: () => Promise<T>): Promise<T> {
    for (;;)
      try {
        const answer = await ask();
        this.succeeded();
        return answer;
      } catch (error) {
        await this.after(error);
      }
  }

  /** Resets the count after a success. */
  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * Resolves when you may try again.
   * @throws `error` if another attempt would not help
   */
  async after(error: unknown): Promise<void> {
    const mayPass = isTransient(error) || (isForeign(error) && this.#failures < mostForeign);
    if (!mayPass || this.#signal.aborted || ++this.#failures > this.#most) throw error;
    const waitMs = Math.min(firstWaitMs * 2 ** (this.#failures - 1), longestWaitMs);
    const { retryAfterMs = 0 } = error as SealdeskError;
    await sleep(this.#clock, Math.max(waitMs, retryAfterMs), this.#signal);
    if (this.#signal.aborted) throw error;
  }
}

/**
 * Returns true for an answer that a filter or a gateway in between gave: an error without a problem
 * document, or a success without what the server says.
 */
const isForeign = (error: unknown): boolean =>
  error instanceof SealdeskError &&
  (error.code === "invalid_response" ||
    (error.status !== undefined && error.problem === undefined));
