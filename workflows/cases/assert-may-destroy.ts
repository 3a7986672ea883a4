import { decideDestruction } from "../../policies/case-machine.ts";
import { WorkflowError } from "../workflow-error.ts";

/**
 * Requires that the clocks of the node and of the database agree, before data is destroyed.
 * @throws WorkflowError clocks_apart
 */
export function assertMayDestroy(nodeMs: number, databaseMs: number): void {
  const { allowed, reasons } = decideDestruction(nodeMs, databaseMs);
  if (!allowed)
    throw new WorkflowError(
      "clocks_apart",
      "The clocks of this node and of the database are over 2 seconds apart. Nothing is destroyed until they agree.",
      { reasons },
    );
}
