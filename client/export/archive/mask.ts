/** What a copy never shows whole: card numbers (PCI DSS 3.4) and US social security numbers (11 CCR 7024(d)). */

/** What was masked in a text. */
export type Masked = "card_number" | "social_security_number";

export interface MaskedText {
  readonly text: string;
  readonly masked: readonly Masked[];
}

const possibleCard = /(?<![\d])\d(?:[ \u00a0-]?\d){12,18}(?![\d])/g;
const separatedSsn = /(?<![\d-])(?!000|666|9)\d{3}([- \u00a0])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])/g;
const namedSsn =
  /((?:\bssn\b|social security)\D{0,20})(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}(?!\d)/gi;

/**
 * Masks card numbers that pass the check of Luhn (ISO/IEC 7812-1), except their last four digits, and social security numbers
 * that are written with separators or after their name.
 */
export function maskNumbers(text: string): MaskedText {
  const masked = new Set<Masked>();
  const withoutSsn = (found: string) => {
    masked.add("social_security_number");
    return found.replaceAll(/\d/g, "•");
  };
  const shown = text
    .replaceAll(possibleCard, (found) => {
      if (!passesLuhn(found.replaceAll(/\D/g, ""))) return found;
      masked.add("card_number");
      let left = found.replaceAll(/\D/g, "").length - 4;
      return found.replaceAll(/\d/g, (digit) => (left-- > 0 ? "•" : digit));
    })
    .replaceAll(separatedSsn, withoutSsn)
    .replaceAll(
      namedSsn,
      (found, before: string) => before + withoutSsn(found.slice(before.length)),
    );
  return { text: shown, masked: [...masked] };
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const value = Number(digits.at(-1 - index)) * (index % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum > 0 && sum % 10 === 0;
}
