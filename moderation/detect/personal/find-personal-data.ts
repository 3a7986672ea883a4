import { addresses } from "./addresses.ts";
import { findProven } from "./find-proven.ts";
import { persons } from "./names.ts";
import { withoutOverlaps, type Span } from "./span.ts";

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
