import { deferred } from "../deferred.ts";
import { SealdeskError } from "../errors.ts";
import type { Clock } from "../runtime.ts";

/** The time that the server has to show a removal that it answered with success. */
export const confirmWithinMs = 60_000;

/**
 * Requires that a removal is seen in time.
 * @param seen resolves with whether it is seen; `signal` aborts when the time is over
 * @throws SealdeskError removal_not_confirmed, and what `seen` throws
 */
export async function confirmRemoval(
  localClock: Pick<Clock, "after">,
  seen: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  const limit = new AbortController();
  const late = deferred<false>();
  const cancel = localClock.after(confirmWithinMs, () => {
    limit.abort();
    late.resolve(false);
  });
  try {
    if (!(await Promise.race([seen(limit.signal), late.promise])))
      throw new SealdeskError(
        "removal_not_confirmed",
        "The log does not show the removal that the server confirmed. This device seals nothing more for the removed one; others may. Ask again, and warn the members if it stays so.",
      );
  } finally {
    cancel();
  }
}
