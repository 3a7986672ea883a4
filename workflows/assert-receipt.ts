import { WorkflowError } from "./workflow-error.ts";

/** Otherwise a slip could make a request overdue since long ago, in milliseconds. */
const EARLIEST_MS = 366 * 86_400_000;

/**
 * Requires that a request was received within the last year. All times are milliseconds since the Unix epoch.
 * @throws WorkflowError invalid_receipt
 */
export function assertReceipt(receivedAtMs: number, nowMs: number): void {
  if (receivedAtMs > nowMs)
    throw new WorkflowError("invalid_receipt", "A request is not received in the future.");
  if (receivedAtMs < nowMs - EARLIEST_MS)
    throw new WorkflowError(
      "invalid_receipt",
      "A request is recorded within a year of its receipt. Check the day.",
    );
}
