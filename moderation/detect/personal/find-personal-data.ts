import { addresses } from "./addresses.ts";
import { cardCodes, cardNumbers } from "./cards.ts";
import { ibans } from "./iban.ts";
import { domains, emails, ipAddresses } from "./internet.ts";
import { persons } from "./names.ts";
import { numbersIn } from "./numbers.ts";
import { phones } from "./phones.ts";
import type { Span } from "./span.ts";
import { socialSecurityNumbers } from "./us-ssn.ts";

/**
 * Returns the personal data of a text, in order. What has a check digit or a fixed form comes first, so a card number
 * is no telephone number. Names, addresses and places are guesses: show them to a person, and never act on them.
 * The time is linear in the length of the text.
 */
export function findPersonalData(text: string): readonly Span[] {
  const proven = findProven(text);
  const kept = withoutOverlaps([...proven, ...addresses(text), ...persons(text)]);
  return kept.toSorted((a, b) => a.start - b.start);
}

/** Returns the personal data that has a check digit or a fixed form, in order. */
export function findProven(text: string): readonly Span[] {
  const numbers = numbersIn(text);
  const inNumbers = (find: (text: string, groups: (typeof numbers)[number]) => readonly Span[]) =>
    numbers.flatMap((groups) => find(text, groups));
  const kept = withoutOverlaps([
    ...emails(text),
    ...ibans(text),
    ...inNumbers(cardNumbers),
    ...inNumbers(cardCodes),
    ...inNumbers(socialSecurityNumbers),
    ...ipAddresses(text),
    ...domains(text),
    ...inNumbers(phones),
  ]);
  return kept.toSorted((a, b) => a.start - b.start);
}

/** Keeps the earlier of two spans that overlap. */
function withoutOverlaps(spans: readonly Span[]): readonly Span[] {
  const taken = new Set<number>();
  return spans.filter(({ start, end }) => {
    for (let at = start; at < end; at++) if (taken.has(at)) return false;
    for (let at = start; at < end; at++) taken.add(at);
    return true;
  });
}
