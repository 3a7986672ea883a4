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
  who: "member" | "device",
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
      throw new SealdeskError("removal_not_confirmed", sentences[who]);
  } finally {
    cancel();
  }
}

const sentences = {
  member:
    "The server says that the member was removed, and does not show it in the log. This device seals nothing more for them, but other members may. Remove them again; if it stays so, write nothing more in this conversation.",
  device:
    "The server says that the device was removed, and does not show it in the key log and in every open conversation. This device seals nothing more for it, but others may. Remove it again; if it stays so, write nothing more in its conversations.",
} as const;
