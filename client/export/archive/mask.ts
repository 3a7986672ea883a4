/** What a copy never shows whole: card numbers (PCI DSS 3.4) and US social security numbers (11 CCR 7024(d)). */
import { reviewOutgoing } from "../../../moderation/detect/outgoing.ts";
import { findProven } from "../../../moderation/detect/personal/find-proven.ts";

/** What was masked in a text. */
export type Masked = "card_number" | "card_code" | "social_security_number";

export interface MaskedText {
  readonly text: string;
  readonly masked: readonly Masked[];
}

const possibleCard = /(?<![\d])\d(?:[ \u00a0-]?\d){12,18}(?![\d])/g;
const separatedSsn = /(?<![\d-])(?!000|666|9)\d{3}([- \u00a0])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])/g;
const namedSsn =
  /((?:\bssn\b|social security)\D{0,20})(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}(?!\d)/gi;

/**
 * Masks what a message that is about to be sent has masked: card numbers, except their last four digits, and their
 * verification codes. It also masks numbers of no known issuer that pass the check of Luhn (ISO/IEC 7812-1), and social
 * security numbers that are written with separators or after their name.
 */
export function maskNumbers(text: string): MaskedText {
  const { findings, masked: reviewed } = reviewOutgoing(text);
  const masked = new Set<Masked>();
  for (const { type } of findings)
    if (type === "card_number" || type === "card_code") masked.add(type);
  const withoutSsn = (found: string) => {
    masked.add("social_security_number");
    return found.replaceAll(/\p{Nd}/gu, "•");
  };
  const withoutCards = reviewed.replaceAll(possibleCard, (found) => {
    if (!passesLuhn(found.replaceAll(/\D/g, ""))) return found;
    masked.add("card_number");
    let left = found.replaceAll(/\D/g, "").length - 4;
    return found.replaceAll(/\d/g, (digit) => (left-- > 0 ? "•" : digit));
  });
  const shown = withoutFound(withoutCards, withoutSsn)
    .replaceAll(separatedSsn, withoutSsn)
    .replaceAll(
      namedSsn,
      (found, before: string) => before + withoutSsn(found.slice(before.length)),
    );
  return { text: shown, masked: [...masked] };
}

/** Masks the social security numbers that the detectors of personal data find, in digits of any script. */
function withoutFound(text: string, mask: (found: string) => string): string {
  let shown = "";
  let last = 0;
  for (const { type, start, end } of findProven(text)) {
    if (type !== "us_ssn") continue;
    shown += text.slice(last, start) + mask(text.slice(start, end));
    last = end;
  }
  return shown + text.slice(last);
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const value = Number(digits.at(-1 - index)) * (index % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum > 0 && sum % 10 === 0;
}
