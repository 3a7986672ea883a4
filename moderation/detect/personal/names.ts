/**
 * Names of persons and of places, by lists of names and by the words around them. A guess: rare names, names in lower
 * case, and names that are words too are missed or confused.
 */
import { commonWords } from "./gazetteer/words.ts";
import { firstNames } from "./gazetteer/first-names.ts";
import { maxPlaceWords, placeNames } from "./gazetteer/places.ts";
import type { Span } from "./span.ts";
import { wordsOf, type Word } from "./words.ts";

/** A name has at most this many words. */
const maxNameWords = 5;
/** From this score on, a sequence of capitalised words counts as a person. */
const enough = 3;

const titles = new Set(
  "mr mrs ms miss dr prof professor herr frau fr sr sra srta senor senora senorita don dona mx sir dame lord lady nurse madame monsieur mme".split(
    " ",
  ),
);
const particles = new Set(
  "de da do dos das di del della van von der den ten ter la le du bin ibn al el zu zur af av y e".split(
    " ",
  ),
);
const placeBefore = new Set(
  "in from to near at visiting toward towards outside across around leaving via reach visit".split(
    " ",
  ),
);
const placePhrase =
  /(?:\b(?:live[sd]?|living|born|based|located|moved?|moving|flew|fly|flying|travell?(?:ed|ing)?|going|coming|go|come|returned|originally|arrived?|stay(?:ed|ing)?|studied|am|are|is|was|were|city|town|village|located|trip|home|here|back|lives|office|offices|company|became|later|Inc|year|on this street)\b[^.!?\n]{0,14})$/i;
const organisationWord = new Set(
  "inc ltd llc corp corporation company group technologies technology solutions systems services bank insurance associates partners holdings university hospital clinic institute agency foundation club hotel college school church gmbh ag plc capital finance labs software energy health media networks research university council ministry court brothers sons".split(
    " ",
  ),
);
/** What comes just before the name of a person. */
const personBefore =
  /(?:\b(?:name(?:'s| is| was|:)|named|called|i am|i'm|im|this is|it's|dear|hi|hello|hey|thanks|regards|sincerely|cheers|meet|says?|said|by|with|add|kid|son|daughter|wife|husband|brother|sister|mother|father|mom|mum|dad|friend|colleague|boss|agent|nurse|patient|producer|director|author|singer|actor|actress|player|contact|attn|attention|mr\.?|mrs\.?|ms\.?|dr\.?|prof\.?|signed|cc|to|from|for|and|is|tell|ask|know|remember|than|not by|of|between him and|employee|customer|client|owner|beneficiary|spouse|partner|songwriter|verses from|early|assistant to|starring|names?\??|maiden name is|last name\??|first name\??|surname\??|soy|me llamo|se llama|ich bin|ich hei(?:ß|ss)e|mein name ist)[\s:,."']*)$/i;
const strongBefore =
  /(?:\b(?:my name(?:'s| is| was|:)|name:|named|name\?|i'm|i am|maiden name is|last name is|first name is|surname is|signed,?|directed by:?|dear|attn:?|mr\.?|mrs\.?|ms\.?|dr\.?|prof\.?|me llamo|se llama|ich hei(?:ß|ss)e|mein name ist|songwriter|producer|says|starring|beneficiary|kid|assistant to)[\s:,."']*)$/i;
const personAfter =
  /^(?:['’]s\b|\s+(?:said|says|lives?|lived|flew|spent|told|asked|called|wrote|explained|points?|thinks?|was|will|has|had|can|is very|is a|is so|and i|from|of|works?|went|came|who|whose|can i)\b|,\s+(?:can|could|please|the|i'?m|originally|i am|thank|we|my)\b|:\s)/i;
/** Endings of family names in many languages. */
const familyEnding =
  /(?:sson|sdottir|sen|ova|ov|ev|eva|ski|ska|sky|skaya|wicz|owicz|ic|vic|ez|es|ini|etti|elli|escu|enko|yan|ian|opoulos|idis|akis|mann|berg|stein|ner|nen|nyi|ai|ashi|moto|mura|yama|kawa|oka|ley|ton|field|worth|shaw|well|burn|strom|qvist|quist|lund|gaard|huis|stra|sma|eau|ault|ard|aux|elo|olo|ucci|acci|illo|ado|eira|inho)$/;

/** Returns the names of persons and places of a text. */
export function persons(text: string): readonly Span[] {
  const words = wordsOf(text);
  const found: Span[] = [];
  for (let first = 0; first < words.length;) {
    const place = placeAt(text, words, first);
    if (place !== undefined) {
      found.push({ type: "place", start: words[first]?.start ?? 0, end: words[place]?.end ?? 0 });
      first = place + 1;
      continue;
    }
    const last = lastOfName(words, first);
    if (last === undefined) {
      first++;
      continue;
    }
    found.push(...judged(text, words, first, last));
    first = last + 1;
  }
  return found;
}

/** Returns the last word of a known place that begins with a word. */
function placeAt(text: string, words: readonly Word[], first: number): number | undefined {
  if (words[first]?.isCapital !== true) return undefined;
  let name = "";
  let found: number | undefined;
  for (let at = first; at < first + maxPlaceWords; at++) {
    const word = words[at];
    if (word === undefined || (at > first && word.before !== " ")) break;
    name = name === "" ? word.folded : `${name} ${word.folded}`;
    if (placeNames.has(name)) found = at;
  }
  if (found === undefined) return undefined;
  // Some places are first names: Charlotte, Florence, Georgia, Sydney.
  const isName = found === first && firstNames.has(words[first]?.folded ?? "");
  const isFamilyName =
    found === first &&
    words[first + 1]?.isCapital === true &&
    words[first + 1]?.before === " " &&
    firstNames.has(words[first]?.folded ?? "");
  const isAfterName =
    first > 0 &&
    words[first]?.before === " " &&
    firstNames.has(words[first - 1]?.folded ?? "") &&
    words[first - 1]?.isCapital === true;
  if (isFamilyName || isAfterName) return undefined;
  return isName && !isAfterPlaceWord(text, words, first) ? undefined : found;
}

/** Returns the last word of a sequence of capitalised words, with initials and particles between them. */
function lastOfName(words: readonly Word[], first: number): number | undefined {
  const word = words[first];
  if (word === undefined || !isNameWord(word)) return undefined;
  let last = first;
  for (let at = first + 1; at < words.length && at < first + maxNameWords; at++) {
    const next = words[at];
    if (next === undefined || !joins(next.before, words[at - 1])) break;
    if (isNameWord(next)) last = at;
    else if (!particles.has(next.folded)) break;
  }
  return last;
}

const isNameWord = ({ isCapital, folded, text }: Word): boolean =>
  isCapital &&
  (!commonWords.has(folded) || (firstNames.has(folded) && text !== text.toUpperCase())) &&
  !titles.has(folded);

const joins = (between: string, before: Word | undefined): boolean =>
  between === " " ||
  between === "'" ||
  between === "’" ||
  (between === ". " && (before?.text.length ?? 9) <= 2);

function judged(
  text: string,
  words: readonly Word[],
  first: number,
  last: number,
): readonly Span[] {
  const [start, end] = [words[first]?.start ?? 0, words[last]?.end ?? 0];
  const score = scoreOf(text, words, first, last);
  if (score >= enough) return [{ type: "person", start, end }];
  const isPlace = isAfterPlaceWord(text, words, first) && !hasOrganisation(words, first, last);
  return isPlace ? [{ type: "place", start, end }] : [];
}

function scoreOf(text: string, words: readonly Word[], first: number, last: number): number {
  const name = words.slice(first, last + 1);
  const [one] = name;
  const final = name.at(-1);
  if (one === undefined || final === undefined) return 0;
  const before = text.slice(Math.max(0, one.start - 40), one.start);
  const after = text.slice(final.end, final.end + 24);
  const isSentenceStart = one.start === 0 || /[.!?\n>]\s*["'“]?$/.test(before);
  let score = 0;
  if (firstNames.has(one.folded)) score += 2;
  if (name.slice(1).some(({ folded }) => firstNames.has(folded))) score += 1;
  if (name.length >= 2 && name.length <= 4) score += 1;
  if (familyEnding.test(final.folded)) score += 1;
  if (strongBefore.test(before)) score += 3;
  else if (personBefore.test(before)) score += 1;
  if (personAfter.test(after)) score += 1;
  if (/^\s*(?:\n|$|\|)/.test(after) && isSentenceStart && name.length >= 2) score += 1;
  if (isSentenceStart && name.length === 1 && !firstNames.has(one.folded)) score -= 1;
  if (titles.has(wordBefore(words, first))) score += 3;
  if (hasOrganisation(words, first, last)) score -= 4;
  if (isAfterPlaceWord(text, words, first) && !firstNames.has(one.folded)) score -= 2;
  if (one.text === one.text.toUpperCase() && one.text.length > 1) score -= 1;
  return score;
}

const wordBefore = (words: readonly Word[], at: number): string =>
  /^\.? $/.test(words[at]?.before ?? "") ? (words[at - 1]?.folded ?? "") : "";

function isAfterPlaceWord(text: string, words: readonly Word[], at: number): boolean {
  const word = words[at];
  if (word === undefined || !placeBefore.has(wordBefore(words, at))) return false;
  const before = words[at - 1];
  return (
    before?.folded === "in" ||
    placePhrase.test(text.slice(Math.max(0, (before?.start ?? 0) - 24), before?.start ?? 0))
  );
}

const hasOrganisation = (words: readonly Word[], first: number, last: number): boolean =>
  words
    .slice(first, last + 2)
    .some(
      ({ folded, before }, at) => (at === 0 || before.length <= 2) && organisationWord.has(folded),
    );
