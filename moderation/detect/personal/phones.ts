import { isWordAt, type Digits } from "./numbers.ts";
import { isAfterWord, type Span } from "./span.ts";

const words =
  /\b(?:phone|telephone|tel|mobile|mob|cell|cellphone|fax|desk|landline|call|ring|dial|reach|contact|whatsapp|text|sms|number|no\.|hotline|extension|helpline|voicemail|handy|telefon|rufnummer|mobilnummer|tel[eé]fono|m[oó]vil|celular|n[uú]mero|ll[aá]m[a-z]*)\b[^\d\n]{0,30}$/i;
/** What is written like a telephone number, and is none. */
const otherWords =
  /(?:[$€£¥#]|\b(?:order|invoice|account|case|ticket|reference|ref|policy|claim|card|iban|pin|id|zip|postcode|usd|eur|gbp|isbn|serial|version|customer|member|tracking|booking|flight|transaction)(?: (?:number|no|id|code))?\b[^\d\n]{0,12})$/i;

/** E.164: a number has at most 15 digits. */
const maxDigits = 15;

/** Returns the telephone numbers among the groups of a number, with `+`, parentheses and extension. */
export function phones(text: string, groups: readonly Digits[]): readonly Span[] {
  const [first] = groups;
  if (first === undefined || isDateOrTime(groups)) return [];
  const start = startOf(text, first.start);
  if (isWordAt(text, start - 1) || /[/.,:$€£#-]/.test(text.charAt(start - 1))) return [];
  const main = groups.at(-1);
  if (main === undefined) return [];
  const end = endOf(text, main.end);
  if (isWordAt(text, end) || /^[.,:]\d|^%/.test(text.slice(end, end + 2))) return [];
  const written = text.slice(start, main.end);
  const digits = groups.map((group) => group.digits).join("");
  return isPhone(text, start, written, digits, groups) ? [{ type: "phone", start, end }] : [];
}

function isPhone(
  text: string,
  start: number,
  written: string,
  digits: string,
  groups: readonly Digits[],
): boolean {
  const { length } = digits;
  if (length < 6 || length > maxDigits || hasOddSeparators(groups)) return false;
  if (/^(?:\(?\+|00[1-9])/.test(written)) return length >= 8;
  if (isAfterWord(text, start, 24, otherWords)) return false;
  if (isAfterWord(text, start, 48, words)) return true;
  if (length < 7) return false;
  const shape = groups.map((group) => group.digits.length).join("-");
  if (shape === "3-2-4") return false;
  const isNorthAmerican = /^(?:1-)?3-3-4$/.test(shape) && /^1?[2-9]\d\d[2-9]/.test(digits);
  if (isNorthAmerican) return true;
  if (/^\(0?\d{1,5}\)/.test(written)) return true;
  // A national number in most of Europe: a trunk prefix 0, and groups.
  return digits.startsWith("0") && groups.length > 1 && length >= 9 && length <= 12;
}

const hasOddSeparators = (groups: readonly Digits[]): boolean =>
  groups.some(
    ({ separator }) =>
      separator.length > 1 && !/^(?: ?[()] ?|\) ?|[ -]\(|\)[-/.]|\(0\) ?| - )$/.test(separator),
  );

/** `2026-12-01`, `1/12/2026`, `01.12.2026`. Times have colons, which end a number. */
function isDateOrTime(groups: readonly Digits[]): boolean {
  const shape = groups.map((group) => group.digits.length).join("-");
  const [first, second] = groups;
  if (first === undefined || second === undefined) return false;
  const isYear = (digits: string | undefined) => /^(?:19|20)\d\d$/.test(digits ?? "");
  if (/^4-[12]-[12]/.test(shape) && isYear(first.digits) && /^[-/.]$/.test(second.separator))
    return true;
  return (
    /^[12]-[12]-(?:4|2)/.test(shape) &&
    /^[-/.]$/.test(second.separator) &&
    groups.length <= 4 &&
    (isYear(groups[2]?.digits) || second.separator === "/")
  );
}

/** Takes a `+` or a parenthesis before the first digit to the number. */
function startOf(text: string, first: number): number {
  let start = first;
  if (text.charAt(start - 1) === "(") start--;
  if (text.charAt(start - 1) === "+") start--;
  if (text.charAt(start - 1) === "(" && text.charAt(start) === "+") start--;
  return start;
}

/** Takes an extension after the last digit to the number: `x45`, `ext. 45`. */
function endOf(text: string, last: number): number {
  const extension = /^ ?(?:x|ext\.? ?|extension |#)\d{1,6}/i.exec(text.slice(last, last + 20));
  return last + (extension?.[0].length ?? 0);
}
