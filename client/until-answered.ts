import { deferred } from "./deferred.ts";
import { isTransient } from "./errors.ts";
import { sleep, type Clock } from "./runtime.ts";

const retryMs = 1_000;

/**
 * Repeats a request until the server answers.
 * @returns undefined if `signal` ended it
 * @throws what `ask` throws and no further attempt can change
 */
export async function untilAnswered<T>(
  clock: Clock,
  ask: () => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const gone = deferred<undefined>();
  const leave = () => gone.resolve(undefined);
  signal.addEventListener("abort", leave);
  try {
    while (!signal.aborted) {
      const answer = await Promise.race([ask(), gone.promise]).catch((error: unknown) => {
        if (!isTransient(error)) throw error;
      });
      if (answer !== undefined) return answer;
      await sleep(clock, retryMs, signal);
    }
    return undefined;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
