import { HOUR_MS } from "./erasure-window.ts";

/** The provision that gives a person the restriction. The other laws give none that a person can demand. */
export const RESTRICTION_PROVISION = "GDPR Article 18(1)";

/** The longest time from the announcement of the end of a restriction to the end, in hours: 30 days. */
export const MOST_NOTICE_HOURS = 720;

/** Returns that time in milliseconds: a day by default. */
export const noticeMs = (hours = 24): number => hours * HOUR_MS;
