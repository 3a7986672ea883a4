/** The cipher suites that exist. The relay refuses conversations of any other. */
export const suiteNames = ["signal-v1"] as const;

/** The name of a suite, as written in a conversation's creation record. */
export type SuiteName = (typeof suiteNames)[number];
