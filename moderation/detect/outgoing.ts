import { findProven } from "./personal/find-proven.ts";
import type { Span } from "./personal/span.ts";

/** What a text that is about to be sent says about payment cards. */
export interface OutgoingReview {
  /**
   * True if the text has a card verification code. It must not be sent: nobody may store one after the authorisation,
   * not even encrypted (PCI DSS 4.0, requirement 3.3.1).
   */
  readonly isBlocked: boolean;
  /** Card numbers and verification codes, in order. */
  readonly findings: readonly Span[];
  /**
   * The text to offer instead: of card numbers the last four digits remain (PCI DSS 4.0, requirement 3.4.1), of
   * verification codes nothing. The same text if nothing was found.
   */
  readonly masked: string;
}

const keptDigits = 4;
const mask = "•";
/** A verification code after a card number and the month and year of expiry. */
const codeAfterExpiry =
  /^[\s,;:/-]{0,6}(?:exp\w{0,8}\W{0,3})?(?:0?[1-9]|1[0-2])\s?[/-]?\s?\d{2}(?:\d{2})?[\s,;:/-]{1,6}(\d{3,4})(?![\p{L}\p{N}])/iu;
/** Three digits directly after a card number that end the sentence. */
const codeAfterCard = /^[\s,;:/-]{1,6}(\d{3})(?=\s*(?:$|[\n.,;)]))/u;

/** Looks for payment cards in a text before it is sent. The time is linear in the length of the text. */
export function reviewOutgoing(text: string): OutgoingReview {
  const cards = findProven(text).filter(
    ({ type }) => type === "card_number" || type === "card_code",
  );
  const findings = [...cards, ...cards.flatMap((card) => codeAfter(text, card))].toSorted(
    (a, b) => a.start - b.start,
  );
  return {
    isBlocked: findings.some(({ type }) => type === "card_code"),
    findings,
    masked: maskedText(text, findings),
  };
}

function codeAfter(text: string, { type, end }: Span): readonly Span[] {
  if (type !== "card_number") return [];
  const rest = text.slice(end, end + 40);
  const found = codeAfterExpiry.exec(rest) ?? codeAfterCard.exec(rest);
  const [whole, code] = found ?? [];
  if (whole === undefined || code === undefined) return [];
  return [{ type: "card_code", start: end + whole.length - code.length, end: end + whole.length }];
}

function maskedText(text: string, findings: readonly Span[]): string {
  let masked = "";
  let last = 0;
  for (const { type, start, end } of findings) {
    if (start < last) continue;
    masked +=
      text.slice(last, start) +
      maskedSpan(text.slice(start, end), type === "card_number" ? keptDigits : 0);
    last = end;
  }
  return masked + text.slice(last);
}

/** Replaces all digits but the last ones. Separators stay. */
function maskedSpan(written: string, kept: number): string {
  let left = (written.match(/\p{Nd}/gu) ?? []).length - kept;
  return written.replace(/\p{Nd}/gu, (digit) => (left-- > 0 ? mask : digit));
}
