/** Postal addresses by their form: number and street, street and number, post box, flat, and what follows them. */
import type { Span } from "./span.ts";
import { wordsOf, type Word } from "./words.ts";

const streetWords = new Set(
  "street st str road rd avenue ave av boulevard blvd drive dr lane ln way court ct place pl square squares sq terrace ter close crescent cres parkway pkwy highway hwy circle cir row walk gardens grove mews quay loop trail trl alley path plaza pike ridge run view vista park point heights crossing bend creek knoll hollow glen green rise mall parade esplanade promenade turnpike expressway freeway route extension extensions manor meadow meadows orchard station burg forges ports mission isle causeway".split(
    " ",
  ),
);
/** Streets that begin with their kind. */
const streetBefore = new Set(
  "rua calle via rue avenida avenue av boulevard plaza piazza strada ul ulica carrer paseo viale corso chemin place quai cesta calea rruga jalan rambla camino carretera travessa praca largo impasse allee route vicolo c ctra am an im auf zum zur cours passage alameda urbanizacion bulevar bulevardi avda rr ulitsa prospekt".split(
    " ",
  ),
);
/** Streets that end with their kind, in Germanic, Nordic, Finnish, Hungarian and Slavic languages. */
const streetEnding =
  /(?:stra(?:ss|ß)e|str|weg|gasse|allee|platz|damm|ufer|ring|graben|markt|gatan|gata|vagen|vag|vegen|veien|vei|vej|gade|gaten|torget|stigen|stien|alle|katu|tie|kuja|polku|straat|laan|dijk|plein|singel|kade|hof|utca|koz|ter|ulice|namesti|ulica|trg|iela|tee|puiestee|gotu|gata|brautinni|terrasse|bakken|haugen|berget|vollen|marka|krokur|vegur|straeti)$/;
const unitWords = new Set(
  "apt apartment suite ste unit flat wohnung whg top piso depto appartement".split(" "),
);
const boxPattern =
  /\b(?:P\.? ?O\.? ?Box \d{1,6}|Post(?:al)? (?:Office )?Box \d{1,6}|Postfach \d{1,6}|Apartado(?: de correos)? \d{1,6}|(?:PSC|CMR|Unit) \d{1,5},? Box \d{1,5}|USN[SV] [A-Z][a-z]{2,20}|USS [A-Z][a-z]{2,20}|USCGC [A-Z][a-z]{2,20})(?:\s{1,4}(?:APO|FPO|DPO) (?:AA|AE|AP) \d{5})?/gi;
/** What announces an address. */
const announced =
  /\b(?:lives? at|lived at|living at|live in|lived in|located at|(?:my|the|his|her|our|new|home|billing|shipping|mailing|postal) address(?: is)?:?|address:|address to|address at|sent? to|send (?:it|this|a new one|the \w{1,12}) to|ship(?:ped)? to|deliver(?:ed)? to|return to|moved? to|office is at|offices are at|meet you at|arrived at|taxi to|sent to|it's in|reside[sd]? at|side of|wohne? in(?: der)?|adresse(?: ist| lautet)?:?|vivo en|direcci[oó]n(?: es)?:?|corner of|drops you off at|enter on|statement sent to|the following\?) ?$/i;

/** The most words between the number and the street. */
const maxStreetWords = 5;
/** The most characters that a whole address has after its street. */
const maxRest = 90;

/** Returns the addresses of a text. */
export function addresses(text: string): readonly Span[] {
  const words = wordsOf(text);
  const found: { start: number; end: number }[] = [];
  for (const { 0: written, index } of text.matchAll(boxPattern))
    found.push({ start: index, end: index + written.length });
  for (let at = 0; at < words.length; at++) {
    const last = lastOfStreet(text, words, at);
    if (last === undefined) continue;
    found.push({ start: words[at]?.start ?? 0, end: words[last]?.end ?? 0 });
    at = last;
  }
  return merged(text, found).map(({ start, end }) => ({ type: "address", start, end }));
}

/** Returns the last word of a street, a flat or a numbered place that begins with a word. */
function lastOfStreet(text: string, words: readonly Word[], first: number): number | undefined {
  const word = words[first];
  if (word === undefined) return undefined;
  if (
    unitWords.has(word.folded) &&
    isShortNumber(words[first + 1]) &&
    isGap(words[first + 1]?.before)
  )
    return first + 1;
  if (word.isNumber) return numberedStreet(text, words, first);
  if (!word.isCapital) return undefined;
  return (
    streetThenNumber(words, first) ??
    (announced.test(text.slice(Math.max(0, word.start - 40), word.start))
      ? namedNumber(words, first)
      : undefined)
  );
}

/** `221 Baker Street`, `28245 Puruntie 82`. */
function numberedStreet(text: string, words: readonly Word[], first: number): number | undefined {
  const number = words[first];
  if (number === undefined || number.text.length > 6) return undefined;
  const isAnnounced = announced.test(text.slice(Math.max(0, number.start - 40), number.start));
  const second = words[first + 1];
  const from = isShortNumber(second) && second?.before === " " ? first + 2 : first + 1;
  let street: number | undefined;
  for (let at = from; at < from + maxStreetWords; at++) {
    const word = words[at];
    if (word === undefined || !isGap(word.before)) break;
    if (word.isNumber) {
      if (at > from && isShortNumber(word)) street = at;
      break;
    }
    if (
      !word.isCapital &&
      !/^(?:de|do|da|des|du|la|le|el|of|the|and|del|van|der|den|u|ul|e|al|y|im|am|an|terrasse|alle|st|ave|rd)$/.test(
        word.folded,
      )
    ) {
      if (streetWords.has(word.folded) || streetEnding.test(word.folded)) street = at;
      break;
    }
    if (streetWords.has(word.folded) || (streetEnding.test(word.folded) && word.folded.length > 5))
      street = at;
  }
  if (street !== undefined && isShortNumber(words[street + 1]) && words[street + 1]?.before === " ")
    street++;
  if (street !== undefined) return street;
  return isAnnounced && words[from]?.isCapital === true && isGap(words[from]?.before)
    ? lastCapital(words, from)
    : undefined;
}

/** `Hauptstraße 5`, `Rua do Arenque 1634`, `ul. Miła 53`. */
function streetThenNumber(words: readonly Word[], first: number): number | undefined {
  const word = words[first];
  if (word === undefined) return undefined;
  const isKind = streetBefore.has(word.folded) && word.folded.length > 1;
  for (let at = first; at < first + maxStreetWords; at++) {
    const each = words[at];
    const next = words[at + 1];
    if (each === undefined || (at > first && !isGap(each.before))) return undefined;
    const endsStreet = streetEnding.test(each.folded) && each.folded.length > 4;
    if (
      next?.isNumber === true &&
      isShortNumber(next) &&
      /^[ ,.]{1,2}$/.test(next.before) &&
      (endsStreet || (isKind && at > first))
    )
      return at + 1;
    if (
      at > first &&
      !each.isCapital &&
      !/^(?:de|do|da|des|du|la|le|el|of|del|van|der|den|al)$/.test(each.folded)
    )
      return undefined;
    if (each.isNumber) return undefined;
  }
  return undefined;
}

/** `Joaquin Suarez 2906` after `lives at`. */
function namedNumber(words: readonly Word[], first: number): number | undefined {
  for (let at = first + 1; at < first + maxStreetWords; at++) {
    const word = words[at];
    if (word === undefined || !isGap(word.before)) return undefined;
    if (word.isNumber) return isShortNumber(word) ? at : undefined;
  }
  return undefined;
}

function lastCapital(words: readonly Word[], first: number): number {
  let last = first;
  while (
    words[last + 1]?.isCapital === true &&
    isGap(words[last + 1]?.before) &&
    last - first < maxStreetWords
  )
    last++;
  return last;
}

const isShortNumber = (word: Word | undefined): boolean =>
  word !== undefined && word.isNumber && word.text.length <= 5;
const isGap = (between: string | undefined): boolean =>
  between === " " || between === ". " || between === " #" || between === "-" || between === "'";

/** Joins the parts of one address, with the town, the country and the postcode that follow. */
function merged(
  text: string,
  parts: { start: number; end: number }[],
): readonly { start: number; end: number }[] {
  const sorted = parts.toSorted((a, b) => a.start - b.start);
  const joined: { start: number; end: number }[] = [];
  for (const part of sorted) {
    const before = joined.at(-1);
    if (before !== undefined && part.start <= before.end)
      before.end = Math.max(before.end, part.end);
    else if (
      before !== undefined &&
      /^[ ,]{0,3}\n?[ ,]{0,6}$/.test(text.slice(before.end, part.start))
    )
      before.end = part.end;
    else joined.push({ ...part });
  }
  for (const each of joined) each.end += restOf(text.slice(each.end, each.end + maxRest));
  return joined;
}

/** Returns how many characters of the text after a street are town, region, country and postcode. */
function restOf(after: string): number {
  const town =
    /^,?\s{1,5}(?:\d{4,6}\s{1,3})?\p{Lu}[\p{L}'-]{1,30}(?: \p{Lu}[\p{L}'-]{1,30}){0,3}(?:,?\s{1,5}(?:[A-Z]{2,3}|nan|\p{Lu}\p{L}{2,20}(?: \p{Lu}\p{L}{2,20})?)\b)?(?:\s{1,5}\d{3,6}(?:[ -]\d{2,4})?)?/u.exec(
      after,
    );
  if (town === null) return 0;
  // Without a postcode, a capitalised word may begin the next sentence or name a person.
  return /\d{4,6}$|,/.test(town[0]) ? town[0].length : 0;
}
