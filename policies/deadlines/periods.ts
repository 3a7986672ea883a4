/** The laws whose periods are known. */
export const laws = ["gdpr", "ccpa", "hipaa"] as const;
export type Law = (typeof laws)[number];

/** What a person can ask for. Requests of one person for the same are one case, under whatever name they were made. */
export const rights = [
  "access",
  "portability",
  "erasure",
  "rectification",
  "restriction",
  "objection",
  "opt_out",
  "limit",
  "accounting",
] as const;
export type Right = (typeof rights)[number];

/**
 * A period within which a request must be answered.
 * - "months": ends on the same day of the month, or on the last day of the month; if that is no working day, on the
 *   next working day (Regulation (EEC, Euratom) No 1182/71, Article 3(2)(c) and (4)).
 * - "days": calendar days after the day of receipt.
 * - "working_days": working days after the day of receipt.
 */
export interface Period {
  readonly unit: "months" | "days" | "working_days";
  readonly length: number;
  /** By how much one extension lengthens it; 0 if the law allows none. */
  readonly extension: number;
  readonly citation: string;
}

const oneMonth: Period = {
  unit: "months",
  length: 1,
  extension: 2,
  citation: "Regulation (EU) 2016/679, Article 12(3)",
};

const fortyFiveDays: Period = {
  unit: "days",
  length: 45,
  extension: 45,
  citation: "Cal. Civ. Code 1798.130(a)(2)(A); 11 CCR 7021(b)",
};

/** By law and right. A law that has no such right has no period. */
export const periods: {
  readonly [L in Law]: { readonly [R in Right]?: Period };
} = {
  gdpr: {
    access: oneMonth,
    portability: oneMonth,
    erasure: oneMonth,
    rectification: oneMonth,
    restriction: oneMonth,
    objection: oneMonth,
  },
  ccpa: {
    access: fortyFiveDays,
    portability: fortyFiveDays,
    erasure: fortyFiveDays,
    rectification: fortyFiveDays,
    opt_out: { unit: "working_days", length: 15, extension: 0, citation: "11 CCR 7026(f)" },
    limit: { unit: "working_days", length: 15, extension: 0, citation: "11 CCR 7027(g)" },
  },
  hipaa: {
    access: { unit: "days", length: 30, extension: 30, citation: "45 CFR 164.524(b)(2)" },
    rectification: { unit: "days", length: 60, extension: 30, citation: "45 CFR 164.526(b)(2)" },
    accounting: { unit: "days", length: 60, extension: 30, citation: "45 CFR 164.528(c)(1)" },
  },
};
