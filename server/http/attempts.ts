import { tooMany, type Limiter } from "./rate-limiter.ts";
import { attemptLimits } from "../limits.ts";

const RETRY_SECONDS = 2;

/** The attempts of one key. */
interface Line {
  running: number;
  /** The number of attempts that have ended so far. */
  ended: number;
  readonly waiting: Waiting[];
}

interface Waiting {
  readonly go: () => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Limits failures. An attempt is counted before it runs and taken back if it succeeds, so that
 * attempts at the same time cannot exceed the limit. If the limit leaves no room, an attempt waits
 * while others of its key still run, because they may succeed. So people who do nothing wrong wait
 * for a moment, but they do not refuse each other.
 */
export class Attempts {
  readonly #limiter: Limiter;
  readonly #lines = new Map<string, Line>();

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
  }

  /**
   * Runs `work` as one attempt of `key`.
   * @param work resolves to whether it succeeded. If it throws, it counts as not attempted
   * @throws HttpError rate_limited: too many failed, and `work` was not called; what `work` throws
   */
  async run(key: string, work: () => Promise<boolean>): Promise<boolean> {
    const takeBack = await this.#start(key);
    let failed = false;
    try {
      const succeeded = await work();
      failed = !succeeded;
      return succeeded;
    } finally {
      if (!failed) await takeBack();
      this.#leave(key);
    }
  }

  async #start(key: string): Promise<() => Promise<void>> {
    for (let tries = 0; ; tries++) {
      const line = this.#lineOf(key);
      if (line.running < attemptLimits.running) {
        line.running++;
        const { ended } = line;
        try {
          return await this.#limiter.take(key);
        } catch (error) {
          line.running--;
          if (line.running === 0 && line.ended !== ended) continue;
          if (line.running === 0) {
            // Removes the line, because no attempt is left that could make room.
            this.#lines.delete(key);
            for (const { refuse } of line.waiting) refuse(error);
            throw error;
          }
        }
      }
      await wait(line, tries > 0);
    }
  }

  #lineOf(key: string): Line {
    const line = this.#lines.get(key) ?? { running: 0, ended: 0, waiting: [] };
    this.#lines.set(key, line);
    return line;
  }

  #leave(key: string): void {
    const line = this.#lineOf(key);
    line.running--;
    line.ended++;
    for (const { go } of line.waiting.splice(0, attemptLimits.running - line.running)) go();
    if (line.running === 0 && line.waiting.length === 0) this.#lines.delete(key);
  }
}

/**
 * Resolves when an attempt of the line has ended. An attempt that has waited before comes first.
 */
function wait(line: Line, again: boolean): Promise<void> {
  if (line.waiting.length >= attemptLimits.waiting) throw tooMany(RETRY_SECONDS);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      const place = line.waiting.indexOf(waiting);
      if (place >= 0) line.waiting.splice(place, 1);
      reject(tooMany(RETRY_SECONDS));
    }, attemptLimits.waitMs);
    const waiting: Waiting = {
      go() {
        clearTimeout(late);
        resolve();
      },
      refuse(error) {
        clearTimeout(late);
        reject(error);
      },
    };
    if (again) line.waiting.unshift(waiting);
    else line.waiting.push(waiting);
  });
}
