/** Numbers of payment cards (ISO/IEC 7812) and their verification codes. */
import { isWordAt, type Digits } from "./numbers.ts";
import { isAfterWord, type Span } from "./span.ts";

/** The ranges of issuers with how many digits their numbers have. */
const issuers: readonly (readonly [beginning: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^(?:30[0-59]|3[689])/, [14, 16, 19]], // Diners
  [/^(?:1800|2131)/, [15]], // JCB
  [/^35/, [16, 19]], // JCB
  [/^(?:6011|64[4-9]|65|62)/, [16, 17, 18, 19]], // Discover, UnionPay
  [/^(?:50|5[6-8]|6)/, [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
];
const cardWords = /card|maestro|visa|debit|credit|pan\b|karte|tarjeta/i;
const codeWords =
  /\b(?:cvv2?|cvc2?|cvn|csc|cid|ccv|cav2?|card code|security code|security number|verification (?:code|number|value)|code on the back|digits on the back|number on the back|pr[üu]fziffer|pr[üu]fnummer|sicherheitscode|kartenpr[üu]fnummer|c[oó]digo de seguridad)\b/i;

/** Returns whether the check digit is right (ISO/IEC 7812-1, annex B). */
function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    const doubled = digit * 2;
    sum += at % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Returns the card numbers among the groups of a number: 12 to 19 digits, with one or two spaces, hyphens and the like. */
export function cardNumbers(text: string, groups: readonly Digits[]): readonly Span[] {
  const found: Span[] = [];
  for (let first = 0; first < groups.length; first++) {
    const last = lastOfCard(text, groups, first);
    if (last === undefined) continue;
    const span = spanOf(groups, first, last);
    found.push({ type: "card_number", ...span });
    first = last;
  }
  return found;
}

/** Returns the last group of the longest card number that begins with a group. */
function lastOfCard(text: string, groups: readonly Digits[], first: number): number | undefined {
  let digits = "";
  let found: number | undefined;
  for (let last = first; last < groups.length; last++) {
    const group = groups[last];
    if (
      group === undefined ||
      (last > first && !/^[ \u00a0\u2009\u202f\u2010-\u2014._/-]{1,2}$/.test(group.separator))
    )
      break;
    // Three more digits are rather the code of a card that is complete.
    if (found !== undefined && group.digits.length === 3) break;
    digits += group.digits;
    if (digits.length > 19) break;
    const { start, end } = spanOf(groups, first, last);
    if (isCard(digits, text, start) && !isWordAt(text, start - 1) && !isWordAt(text, end))
      found = last;
  }
  return found;
}

/** Short numbers have the right check digit by chance too often, so they must be called a card. */
const isCard = (digits: string, text: string, start: number): boolean =>
  digits.length >= 12 &&
  issuers.some(
    ([beginning, lengths]) => beginning.test(digits) && lengths.includes(digits.length),
  ) &&
  isLuhn(digits) &&
  new Set(digits).size > 1 &&
  (digits.length >= 13 || isAfterWord(text, start, 60, cardWords));

const spanOf = (groups: readonly Digits[], first: number, last: number) => ({
  start: groups[first]?.start ?? 0,
  end: groups[last]?.end ?? 0,
});

/** Returns the card verification codes: three or four digits that the text calls so just before. */
export function cardCodes(text: string, groups: readonly Digits[]): readonly Span[] {
  return groups
    .filter(
      ({ digits, start, end }) =>
        (digits.length === 3 || digits.length === 4) &&
        !isWordAt(text, end) &&
        isAfterWord(text, start, 40, codeWords),
    )
    .map(({ start, end }) => ({ type: "card_code", start, end }));
}
