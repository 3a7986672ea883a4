/** Why somebody reports a message. */
export const reportReasons = [
  "harassment",
  "hate",
  "threat",
  "sexual_content",
  "self_harm",
  "spam",
  "fraud",
  "other",
] as const;

export type ReportReason = (typeof reportReasons)[number];

/** What a moderator can decide about a report. */
export const reportDecisions = ["dismiss", "warn", "mute", "ban"] as const;

export type ReportDecision = (typeof reportDecisions)[number];

/** What another moderator can decide about an appeal. */
export const appealOutcomes = ["upheld", "lifted"] as const;

export type AppealOutcome = (typeof appealOutcomes)[number];

/** The messages of one report, with those that are shown as context. */
export const MOST_REPORTED = 20;
/** The reports of one account that wait for a decision. */
export const MOST_OPEN_REPORTS = 20;
/** The longest mute, in hours. */
export const MOST_MUTE_HOURS = 90 * 24;
/** The longest ban that ends by itself, in hours. */
export const MOST_BAN_HOURS = 3650 * 24;
