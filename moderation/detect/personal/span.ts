/** The kinds of personal data that are found. */
export const personalTypes = [
  "card_number",
  "card_code",
  "iban",
  "us_ssn",
  "email",
  "phone",
  "ip",
  "domain",
  "person",
  "address",
  "place",
] as const;
export type PersonalType = (typeof personalTypes)[number];

/** Personal data in a text. */
export interface Span {
  readonly type: PersonalType;
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
}

/** Returns whether one of the words stands in the `reach` characters before `at`. */
export function isAfterWord(text: string, at: number, reach: number, words: RegExp): boolean {
  return words.test(text.slice(Math.max(0, at - reach), at));
}

/** Keeps the earlier of two spans that overlap. */
export function withoutOverlaps(spans: readonly Span[]): readonly Span[] {
  const taken = new Set<number>();
  return spans.filter(({ start, end }) => {
    for (let at = start; at < end; at++) if (taken.has(at)) return false;
    for (let at = start; at < end; at++) taken.add(at);
    return true;
  });
}
