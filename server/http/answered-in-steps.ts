import { setTimeout as wait } from "node:timers/promises";
import { IdentityError } from "../../identity/identity-error.ts";

/**
 * Refusals are answered this long after their requests began, or at the next multiple of it. So the time does
 * not tell what a stranger may not learn: whether a tenant, a user or a key exists.
 */
const STEP_MS = 250;

/** Settles like `attempt`, but a refusal with this code waits for the end of its step. */
export async function answeredInSteps<T>(
  code: IdentityError["code"],
  attempt: Promise<T>,
): Promise<T> {
  const begunAtMs = performance.now();
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof IdentityError && error.code === code)
      await wait(STEP_MS - ((performance.now() - begunAtMs) % STEP_MS));
    throw error;
  }
}
