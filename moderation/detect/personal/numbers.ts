/** A group of digits. */
export interface Digits {
  readonly digits: string;
  readonly start: number;
  readonly end: number;
  /** What stands between the group before and this one, if they belong together. */
  readonly separator: string;
}

/** What people write between the groups of one number. */
const separators = " -./_()\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2014";
const maxSeparator = 3;
/** A number with more groups is none that is looked for, so it is cut there. */
const maxGroups = 40;

/** Returns the numbers of a text, each as its groups of digits. The time is linear in the length of the text. */
export function numbersIn(text: string): readonly (readonly Digits[])[] {
  const numbers: Digits[][] = [];
  let current: Digits[] = [];
  let at = 0;
  while (at < text.length) {
    if (!isDigit(text, at)) {
      at++;
      continue;
    }
    const start = at;
    at = endOfGroup(text, at);
    const before = current.at(-1);
    const separator = before === undefined ? "" : text.slice(before.end, start).replace(unseen, "");
    const belongs = before !== undefined && isSeparator(separator) && current.length < maxGroups;
    if (!belongs && current.length > 0) {
      numbers.push(current);
      current = [];
    }
    const digits = asciiDigits(text.slice(start, at));
    current.push({ digits, start, end: at, separator: belongs ? separator : "" });
  }
  if (current.length > 0) numbers.push(current);
  return numbers;
}

/** Returns whether a digit of any script stands there. */
export const isDigit = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code < 128 ? code >= 48 && code <= 57 : decimal.test(text.charAt(at));
};

const decimal = /\p{Nd}/u;
/** Signs that are not shown, such as soft hyphens and spaces without width. They divide nothing. */
const unseen = /\p{Cf}/gu;

/** Returns where the group of digits ends that begins at a digit. */
function endOfGroup(text: string, start: number): number {
  let end = start;
  for (let at = start; at < text.length; at++)
    if (isDigit(text, at)) end = at + 1;
    else if (text.charAt(at).search(unseen) === -1) break;
  return end;
}

/** Returns the digits of a group as 0 to 9. The digits of each script follow each other in Unicode. */
const asciiDigits = (group: string): string =>
  group.replace(/\D/g, (sign) => {
    if (!decimal.test(sign)) return "";
    let zero = sign.charCodeAt(0);
    while (decimal.test(String.fromCharCode(zero - 1))) zero--;
    return String((sign.charCodeAt(0) - zero) % 10);
  });

/** Returns whether a letter or a digit stands there. */
export const isWordAt = (text: string, at: number): boolean =>
  at >= 0 && at < text.length && /[\p{L}\p{N}_]/u.test(text.charAt(at));

const isSeparator = (between: string): boolean =>
  between.length <= maxSeparator && Array.from(between).every((sign) => separators.includes(sign));
