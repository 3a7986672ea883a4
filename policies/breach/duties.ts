/** The laws whose notices are known. */
export const regimes = ["gdpr", "hipaa", "glba", "nis2", "dora"] as const;
export type Regime = (typeof regimes)[number];

/**
 * From where a law counts.
 * - "awareness": the organisation is reasonably certain that data was breached.
 * - "discovery": somebody in the organisation knows of it, or would know with reasonable diligence.
 * - "classification": the organisation classifies the incident as major.
 * - the id of a duty: that notice was sent.
 */
export type StartingPoint = "awareness" | "discovery" | "classification" | DutyId;

/** How long a law gives. "year_end" counts days from the end of the calendar year; "no_delay" sets no number. */
export interface NoticePeriod {
  readonly unit: "hours" | "days" | "months" | "year_end" | "no_delay";
  readonly length: number;
}

/** A duty to notify somebody of a breach. */
export interface Duty {
  readonly regime: Regime;
  /** Who is told: the authority, or each person whose data it is. */
  readonly audience: "authority" | "subject";
  /** What makes it due: data of people that is exposed, or the incident itself, whether people are affected or not. */
  readonly about: "people" | "incident";
  readonly starts: StartingPoint;
  readonly within: NoticePeriod;
  /** Another clock, which ends the duty if it ends first, or if the first one does not run yet. */
  readonly latest?: { readonly starts: StartingPoint; readonly within: NoticePeriod };
  /** For how many affected customers the duty is: at least, and fewer than. For any number by default. */
  readonly people?: { readonly least?: number; readonly below?: number };
  readonly citation: string;
}

const hours = (length: number): NoticePeriod => ({ unit: "hours", length });
const days = (length: number): NoticePeriod => ({ unit: "days", length });
const oneMonth: NoticePeriod = { unit: "months", length: 1 };
const noDelay: NoticePeriod = { unit: "no_delay", length: 0 };

export const dutyIds = [
  "gdpr.authority",
  "gdpr.subjects",
  "hipaa.individuals",
  "hipaa.secretary",
  "hipaa.secretary_yearly",
  "glba.commission",
  "nis2.early_warning",
  "nis2.notification",
  "nis2.final_report",
  "dora.initial",
  "dora.intermediate",
  "dora.final",
  "dora.clients",
] as const;
export type DutyId = (typeof dutyIds)[number];

/** Every duty, by its id. */
export const duties: Readonly<Record<DutyId, Duty>> = {
  "gdpr.authority": {
    regime: "gdpr",
    audience: "authority",
    about: "people",
    starts: "awareness",
    within: hours(72),
    citation: "Regulation (EU) 2016/679, Article 33(1)",
  },
  "gdpr.subjects": {
    regime: "gdpr",
    audience: "subject",
    about: "people",
    starts: "awareness",
    within: noDelay,
    citation: "Regulation (EU) 2016/679, Article 34(1)",
  },
  "hipaa.individuals": {
    regime: "hipaa",
    audience: "subject",
    about: "people",
    starts: "discovery",
    within: days(60),
    people: { least: 1 },
    citation: "45 CFR 164.404(b)",
  },
  "hipaa.secretary": {
    regime: "hipaa",
    audience: "authority",
    about: "people",
    starts: "discovery",
    within: days(60),
    people: { least: 500 },
    citation: "45 CFR 164.408(b)",
  },
  "hipaa.secretary_yearly": {
    regime: "hipaa",
    audience: "authority",
    about: "people",
    starts: "discovery",
    within: { unit: "year_end", length: 60 },
    people: { least: 1, below: 500 },
    citation: "45 CFR 164.408(c)",
  },
  "glba.commission": {
    regime: "glba",
    audience: "authority",
    about: "people",
    starts: "discovery",
    within: days(30),
    people: { least: 500 },
    citation: "16 CFR 314.4(j)(1)",
  },
  "nis2.early_warning": {
    regime: "nis2",
    audience: "authority",
    about: "incident",
    starts: "awareness",
    within: hours(24),
    citation: "Directive (EU) 2022/2555, Article 23(4)(a)",
  },
  "nis2.notification": {
    regime: "nis2",
    audience: "authority",
    about: "incident",
    starts: "awareness",
    within: hours(72),
    citation: "Directive (EU) 2022/2555, Article 23(4)(b)",
  },
  "nis2.final_report": {
    regime: "nis2",
    audience: "authority",
    about: "incident",
    starts: "nis2.notification",
    within: oneMonth,
    citation: "Directive (EU) 2022/2555, Article 23(4)(d)",
  },
  "dora.initial": {
    regime: "dora",
    audience: "authority",
    about: "incident",
    starts: "classification",
    within: hours(4),
    latest: { starts: "awareness", within: hours(24) },
    citation: "Delegated Regulation (EU) 2025/301, Article 5(1)(a)",
  },
  "dora.intermediate": {
    regime: "dora",
    audience: "authority",
    about: "incident",
    starts: "dora.initial",
    within: hours(72),
    citation: "Delegated Regulation (EU) 2025/301, Article 5(1)(b)",
  },
  "dora.final": {
    regime: "dora",
    audience: "authority",
    about: "incident",
    starts: "dora.intermediate",
    within: oneMonth,
    citation: "Delegated Regulation (EU) 2025/301, Article 5(1)(c)",
  },
  "dora.clients": {
    regime: "dora",
    audience: "subject",
    about: "incident",
    starts: "awareness",
    within: noDelay,
    citation: "Regulation (EU) 2022/2554, Article 19(3)",
  },
};

/** Returns the duties of some laws, in the order of `dutyIds`. Pure. */
export const dutiesOf = (chosen: readonly Regime[]): readonly DutyId[] =>
  dutyIds.filter((id) => chosen.includes(duties[id].regime));
