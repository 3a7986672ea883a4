import { isWordAt, type Digits } from "./numbers.ts";
import { isAfterWord, type Span } from "./span.ts";

const words = /\b(?:ssn|ss#|ss number|social security|social sec|social|soc sec|seguro social)\b/i;

/**
 * Returns the social security numbers of the USA: `123-45-6789`, or nine digits that the text calls so. Numbers that
 * were never assigned do not count (20 CFR 422.103: no area 000, 666 or 900 to 999, no group 00, no serial 0000).
 */
export function socialSecurityNumbers(text: string, groups: readonly Digits[]): readonly Span[] {
  const found: Span[] = [];
  for (const [at, group] of groups.entries()) {
    const end = endOf(text, groups, at);
    if (end !== undefined) found.push({ type: "us_ssn", start: group.start, end });
  }
  return found;
}

function endOf(text: string, groups: readonly Digits[], at: number): number | undefined {
  const [area, group, serial] = groups.slice(at, at + 3);
  if (area === undefined || isWordAt(text, area.start - 1)) return undefined;
  const isNamed = isAfterWord(text, area.start, 40, words);
  if (area.digits.length === 9)
    return isNamed && isAssigned(area.digits) && !isWordAt(text, area.end) ? area.end : undefined;
  if (group === undefined || serial === undefined || group.separator !== serial.separator)
    return undefined;
  const isHyphen = /^[-\u2010\u2011\u2013]$/.test(group.separator);
  if (!isHyphen && !(isNamed && /^[ .]$/.test(group.separator))) return undefined;
  const digits = area.digits + group.digits + serial.digits;
  const hasShape =
    area.digits.length === 3 && group.digits.length === 2 && serial.digits.length === 4;
  const isAlone =
    text.charAt(area.start - 1) !== "-" &&
    text.charAt(serial.end) !== "-" &&
    !isWordAt(text, serial.end);
  return hasShape && isAlone && isAssigned(digits) ? serial.end : undefined;
}

const isAssigned = (digits: string): boolean =>
  /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits);
