import { LogError } from "../../audit/verify/log-error.ts";
import { isProblem } from "../errors.ts";
import type { Api } from "../http/api.ts";

/**
 * Returns the proof that the tree of `size` extends the tree of `old`.
 * @throws LogError rolled_back; SealdeskError of the request
 */
export async function consistencyOf(
  api: Pick<Api, "keyLogConsistency">,
  old: number,
  size: number,
): Promise<readonly Uint8Array[]> {
  try {
    return await api.keyLogConsistency(old, size);
  } catch (error) {
    if (!isProblem(error, "key_log_shorter")) throw error;
    throw new LogError("rolled_back", "checkpoint", `the log has no tree of ${size} now.`);
  }
}
