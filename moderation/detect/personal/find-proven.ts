import { cardCodes, cardNumbers } from "./cards.ts";
import { ibans } from "./iban.ts";
import { domains, emails, ipAddresses } from "./internet.ts";
import { numbersIn } from "./numbers.ts";
import { phones } from "./phones.ts";
import { withoutOverlaps, type Span } from "./span.ts";
import { socialSecurityNumbers } from "./us-ssn.ts";

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
