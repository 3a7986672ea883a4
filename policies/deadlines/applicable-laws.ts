import { periods, type Law, type Right } from "./periods.ts";

/** Says to whom a law applies. */
export interface LawRule {
  readonly law: Law;
  /** Codes of ISO 3166 of where the people live, such as "DE" or "US-CA"; everybody if undefined. */
  readonly residences?: readonly string[] | undefined;
}

/**
 * Returns the laws that may apply to a person, in the order of the rules. A person who does not say where they live gets
 * every law, and one who names a country only gets the laws of its parts, so that the earliest due date counts. Pure.
 * @param residence a code of ISO 3166, such as "DE" or "US-CA"; null if it is not known
 */
export const applicableLaws = (
  rules: readonly LawRule[],
  residence: string | null,
): readonly Law[] => [
  ...new Set(
    rules
      .filter(
        ({ residences }) =>
          residences === undefined ||
          residence === null ||
          residences.some((each) => isWithin(residence, each) || isWithin(each, residence)),
      )
      .map(({ law }) => law),
  ),
];

/**
 * Returns which of the laws that apply to a person give a right. The CCPA gives no erasure of what HIPAA governs (Cal. Civ.
 * Code 1798.145(c)(1)). Pure.
 */
export const givingLaws = (applicable: readonly Law[], right: Right): readonly Law[] =>
  applicable.filter(
    (law) =>
      periods[law][right] !== undefined &&
      !(law === "ccpa" && right === "erasure" && applicable.includes("hipaa")),
  );

const isWithin = (place: string, area: string): boolean =>
  place === area || place.startsWith(`${area}-`);
