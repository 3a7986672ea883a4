/** What data is used for. The list is closed. */
export const purposes = [
  "processing",
  "moderation",
  "archiving",
  "history_sharing",
  "analytics",
] as const;
export type Purpose = (typeof purposes)[number];

export const consentStates = ["given", "withdrawn"] as const;
export type ConsentState = (typeof consentStates)[number];
