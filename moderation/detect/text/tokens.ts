/** Text as words, so that rules match however a word is written: case, accents, apostrophes and disguises. */

/** A word of a text. */
export interface Token {
  /** Lower case, without accents and contractions: `I'm` is `i`, `can’t` is `cant`, `Zürich` is `zurich`. */
  readonly form: string;
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
  /**
   * The place of the word. It grows by one, and by `sentenceGap` more after the end of a sentence, so that rules
   * prefer what stands in one sentence.
   */
  readonly place: number;
}

/** The longest word that is looked at. The rest of a longer one is cut off. */
const maxWord = 48;
/** How many places the end of a sentence counts for. */
const sentenceGap = 3;

/** The form of every quotation mark, which rules can name: who quotes, says less. */
const quote = '"';

// One character class with a quantifier each, so matching is linear.
const word = /[\p{L}\p{N}\p{M}'’@$\u200b-\u200f\u2060\ufeff]+|["“”„«»]|[.!?\n;]+/gu;

/** Returns the words of a text, in order. The time is linear in its length. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let place = 0;
  for (const match of text.matchAll(word)) {
    const [written] = match;
    const first = written.charCodeAt(0);
    if (first === 46 || first === 33 || first === 63 || first === 10 || first === 59) {
      place += sentenceGap;
      continue;
    }
    const isQuote = /["“”„«»]/.test(written);
    const form = isQuote ? quote : formOf(written);
    if (form === "") continue;
    tokens.push({ form, start: match.index, end: match.index + written.length, place });
    if (!isQuote) place++;
  }
  return joinSpelled(tokens);
}

/** Returns the form of a word, or of a word of a rule. */
export function formOf(written: string): string {
  if (written === quote) return quote;
  const plain = written
    .slice(0, maxWord)
    .normalize("NFKD")
    .replace(/[\p{M}\u200b-\u200f\u2060\ufeff]/gu, "")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replaceAll("’", "'");
  const bare = plain.replace(/n't$/, "nt").replace(/'(?:s|m|ve|re|d|ll)$/, "");
  return undisguised(bare.replaceAll("'", ""));
}

const disguises: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  $: "s",
};

/** Returns a word with the letters that its digits stand for, as in `s1ck`. Numbers such as `30mg` stay. */
function undisguised(form: string): string {
  if (!/[a-z]/.test(form) || !/[0134579@$]/.test(form)) return form.replace(/[@$]/g, "");
  if (/^\d+[a-z]+$/.test(form)) return form;
  return form.replace(/[0134579@$]/g, (sign) => disguises[sign] ?? sign);
}

/** Joins letters that stand alone, as in `h a t e`, to the word that they spell. */
function joinSpelled(tokens: readonly Token[]): readonly Token[] {
  const joined: Token[] = [];
  for (let at = 0; at < tokens.length;) {
    let to = at;
    while (isLetter(tokens[to]) && to - at < maxWord) to++;
    const [first, last] = [tokens[at], tokens[to - 1]];
    if (to - at >= 3 && first !== undefined && last !== undefined) {
      // "I h a t e": the first letter is a word of its own as often as not. So both readings are there.
      const letters = tokens.slice(at, to).map(({ form }) => form);
      if (first.form === "i" || first.form === "a") joined.push(first);
      const spelled = first.form === "i" || first.form === "a" ? letters.slice(1) : letters;
      joined.push({ ...first, form: spelled.join(""), end: last.end, place: first.place + 1 });
      at = to;
    } else {
      if (first !== undefined || tokens[at] !== undefined) joined.push(tokens[at] as Token);
      at++;
    }
  }
  return joined;
}

const isLetter = (token: Token | undefined): boolean =>
  token !== undefined && token.form.length === 1;
