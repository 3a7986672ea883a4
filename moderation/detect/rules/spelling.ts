import type { Token } from "../text/tokens.ts";

/** Words from which a mistake makes another word of everyday use, such as `treat` from `threat`. */
const everyday = new Set(
  "treat treats beach heat hear hears stoke planed sever cushing fiend chock sized bled rapped scared server serve serving fired tied died lied pied form from quite quiet angle angel trial trail casual causal united untied diary dairy slat salt worth rowth breath breathe sacred scraped striped stiped cloths clothes coast cost coats dessert desert expect except latter later planing planning sting string singing signing baking backing bearing being brining bring burring caring carrying chaning cleaing clearing couch cough crated created curse course daring dating diner dinner dying dyeing feast fast feat fist first fright fight fining finding friend fried grated granted greed agreed hosing housing laying learning leaning lining living losing loosing moring moving naval navel pairing painting parting pasting posting printing raining running sating stating staring starting stating staying storing tacking talking taking tanking thing think thinking through though thought tough towing waiting wanting waring warring washing wasting whining winning worried".split(
    " ",
  ),
);
const shortestSwapped = 5;
const shortestWithout = 6;
/** Both halves of words that were written together have as many letters. */
const shortestHalf = 4;

/** Finds the word of the rules behind a slip: two letters swapped, a letter left out, a space left out. */
export class Spelling {
  readonly #words: ReadonlySet<string>;
  readonly #slips = new Map<string, string>();

  /** @param words of the rules, as forms */
  constructor(words: ReadonlySet<string>) {
    this.#words = words;
    for (const word of words)
      for (const slip of slipsOf(word))
        if (!words.has(slip) && !everyday.has(slip)) this.#slips.set(slip, word);
  }

  /** Returns the words of a text with the slips corrected. */
  corrected(tokens: readonly Token[]): readonly Token[] {
    return tokens.flatMap((token) => {
      if (this.#words.has(token.form) || token.form.length < shortestSwapped) return [token];
      const meant = this.#slips.get(token.form);
      if (meant !== undefined) return [{ ...token, form: meant }];
      return this.#halves(token) ?? [token];
    });
  }

  #halves(token: Token): readonly Token[] | undefined {
    const { form } = token;
    for (let at = shortestHalf; at <= form.length - shortestHalf; at++) {
      const [first, second] = [form.slice(0, at), form.slice(at)];
      if (this.#words.has(first) && this.#words.has(second))
        return [
          { ...token, form: first },
          { ...token, form: second },
        ];
    }
    return undefined;
  }
}

/** The first letter is right nearly always, so it stays. */
function* slipsOf(word: string): Generator<string> {
  if (!/^[a-z]+$/.test(word)) return;
  if (word.length >= shortestSwapped)
    for (let at = 1; at < word.length - 1; at++)
      yield word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2);
  if (word.length >= shortestWithout)
    for (let at = 1; at < word.length - 1; at++) yield word.slice(0, at) + word.slice(at + 1);
}
