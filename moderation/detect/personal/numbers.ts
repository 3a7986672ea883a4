/** A group of digits. */
export interface Digits {
  readonly digits: string;
  readonly start: number;
  readonly end: number;
  /** What stands between the group before and this one, if they belong together. */
  readonly separator: string;
}

/** What people write between the groups of one number. */
const separators = " -./()\u00a0\u2010\u2011\u2013";
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
    while (isDigit(text, at)) at++;
    const before = current.at(-1);
    const separator = before === undefined ? "" : text.slice(before.end, start);
    const belongs = before !== undefined && isSeparator(separator) && current.length < maxGroups;
    if (!belongs && current.length > 0) {
      numbers.push(current);
      current = [];
    }
    const digits = text.slice(start, at);
    current.push({ digits, start, end: at, separator: belongs ? separator : "" });
  }
  if (current.length > 0) numbers.push(current);
  return numbers;
}

export const isDigit = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
};

/** Returns whether a letter or a digit stands there. */
export const isWordAt = (text: string, at: number): boolean =>
  at >= 0 && at < text.length && /[\p{L}\p{N}_]/u.test(text.charAt(at));

const isSeparator = (between: string): boolean =>
  between.length <= maxSeparator && Array.from(between).every((sign) => separators.includes(sign));
