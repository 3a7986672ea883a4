/** International bank account numbers (ISO 13616). */
import { isDigit, isWordAt } from "./numbers.ts";
import type { Span } from "./span.ts";

/** Lengths by country, from the SWIFT IBAN registry. */
const lengths: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
};

/** Returns the valid IBANs of a text, with or without single spaces or hyphens between the characters. */
export function ibans(text: string): readonly Span[] {
  const found: Span[] = [];
  for (let at = 0; at + 4 < text.length; at++) {
    if (!isDigit(text, at + 2) || !isDigit(text, at + 3) || isWordAt(text, at - 1)) continue;
    const length = lengths[text.slice(at, at + 2).toUpperCase()];
    const end = length === undefined ? undefined : endOf(text, at, length);
    if (end === undefined) continue;
    found.push({ type: "iban", start: at, end });
    at = end;
  }
  return found;
}

function endOf(text: string, start: number, length: number): number | undefined {
  let iban = "";
  let at = start;
  while (iban.length < length && at < text.length) {
    const sign = text.charAt(at);
    if (/[A-Za-z0-9]/.test(sign)) iban += sign.toUpperCase();
    else if (!/[ \u00a0-]/.test(sign) || !/[A-Za-z0-9]/.test(text.charAt(at + 1))) return undefined;
    at++;
  }
  return iban.length === length && !isWordAt(text, at) && remainder(iban) === 1 ? at : undefined;
}

/** The remainder of ISO 7064 MOD 97-10, with the first four characters at the end. */
function remainder(iban: string): number {
  let rest = 0;
  for (const sign of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}
