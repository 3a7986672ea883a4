import type { Token } from "../text/tokens.ts";
import { formOf } from "../text/tokens.ts";

/** A phrase of a concept that stands in a text. */
export interface Occurrence {
  readonly concept: string;
  /** Numbers of its first and its last word. */
  readonly first: number;
  readonly last: number;
}

interface Node {
  readonly exact: Map<string, Node>;
  /** By the beginning of a word. */
  readonly beginnings: Map<string, Node>;
  readonly concepts: string[];
}

const node = (): Node => ({ exact: new Map(), beginnings: new Map(), concepts: [] });

/** The most ways in which the words from one place can be read. More are ignored. */
const maxReadings = 64;

/**
 * The phrases of all concepts. A phrase has few words and a word is short, so the time to find all phrases is linear
 * in the number of words.
 */
export class PhraseTrie {
  readonly #root = node();
  /** Every word of a phrase, as its form. */
  readonly words = new Set<string>();

  constructor(concepts: Readonly<Record<string, readonly string[]>>) {
    for (const [concept, phrases] of Object.entries(concepts))
      for (const phrase of phrases) this.#add(concept, phrase);
  }

  #add(concept: string, phrase: string): void {
    let at = this.#root;
    for (const word of phrase.split(" ")) {
      const isBeginning = word.endsWith("*");
      const form = formOf(isBeginning ? word.slice(0, -1) : word);
      if (form === "") continue;
      const among = isBeginning ? at.beginnings : at.exact;
      this.words.add(form);
      const next = among.get(form) ?? node();
      among.set(form, next);
      at = next;
    }
    if (at !== this.#root && !at.concepts.includes(concept)) at.concepts.push(concept);
  }

  /** Returns all phrases in a text, in the order of their last words. */
  find(tokens: readonly Token[]): readonly Occurrence[] {
    const found: Occurrence[] = [];
    for (let first = 0; first < tokens.length; first++) {
      let readings: readonly Node[] = [this.#root];
      for (let last = first; last < tokens.length && readings.length > 0; last++) {
        readings = nextOf(readings, tokens[last]?.form ?? "");
        for (const { concepts } of readings)
          for (const concept of concepts) found.push({ concept, first, last });
      }
    }
    return found.toSorted((a, b) => a.last - b.last || a.first - b.first);
  }
}

function nextOf(readings: readonly Node[], form: string): readonly Node[] {
  const next: Node[] = [];
  for (const { exact, beginnings } of readings) {
    const same = exact.get(form);
    if (same !== undefined) next.push(same);
    if (beginnings.size > 0)
      for (let length = 2; length <= form.length; length++) {
        const begun = beginnings.get(form.slice(0, length));
        if (begun !== undefined) next.push(begun);
      }
    if (next.length >= maxReadings) break;
  }
  return next;
}
