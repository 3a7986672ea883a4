/** Why an account is reset. The audit log records it. */
export const resetReasons = ["devices_lost", "account_taken_over"] as const;
export type ResetReason = (typeof resetReasons)[number];
