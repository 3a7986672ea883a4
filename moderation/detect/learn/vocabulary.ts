/** Text as a sparse vector: TF-IDF of words, pairs of words, and parts of words. */

/** A vector of length 1, as the numbers of its terms and their values. */
export interface SparseVector {
  readonly ids: Int32Array;
  readonly values: Float32Array;
}

/** How many words of a text are looked at. A longer message is judged by its beginning. */
const maxWords = 400;
const shortestPart = 2;
const longestPart = 5;
/** A term must occur in so many examples. */
const minExamples = 2;

const word = /[\p{L}0']+|[?!$€£%]/gu;

/** Lower case, figures as `0`, no letter three times in a row. Each pattern is linear. */
const plain = (text: string): string =>
  text
    .slice(0, maxWords * 20)
    .toLowerCase()
    .normalize("NFKC")
    .replace(/[’`]/g, "'")
    .replace(/\d[\d.,]*/g, "0")
    .replace(/([a-z])\1{2,}/g, "$1$1");

/** Returns the terms of a text in blocks that weigh the same: words and their pairs, and parts of words. */
function termsOf(text: string): readonly [words: readonly string[], parts: readonly string[]] {
  const words = (plain(text).match(word) ?? []).slice(0, maxWords);
  const pairs: string[] = [];
  const parts: string[] = [];
  for (const [at, each] of words.entries()) {
    pairs.push(each);
    if (at > 0) pairs.push(`${words[at - 1]} ${each}`);
    if (at > 1) pairs.push(`${words[at - 2]} _ ${each}`);
    const padded = `<${each.slice(0, 40)}>`;
    for (let length = shortestPart; length <= longestPart; length++)
      for (let from = 0; from + length <= padded.length; from++)
        parts.push(padded.slice(from, from + length));
  }
  return [pairs, parts];
}

/** The terms that a model knows, with how rare each is. */
export class Vocabulary {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #rarity: Float32Array;

  constructor(terms: readonly string[], rarity: Float32Array) {
    this.#numbers = new Map(terms.map((term, number) => [term, number]));
    this.#rarity = rarity;
  }

  /** Learns the terms of examples. */
  static of(texts: readonly string[]): Vocabulary {
    const counts = new Map<string, number>();
    for (const text of texts)
      for (const [block, terms] of termsOf(text).entries())
        for (const term of new Set(terms)) {
          const key = `${block}${term}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
    const kept = [...counts].filter(([, count]) => count >= minExamples);
    const rarity = Float32Array.from(
      kept,
      ([, count]) => Math.log((1 + texts.length) / (1 + count)) + 1,
    );
    return new Vocabulary(
      kept.map(([term]) => term),
      rarity,
    );
  }

  get terms(): readonly string[] {
    return [...this.#numbers.keys()];
  }

  get rarity(): Float32Array {
    return this.#rarity;
  }

  get size(): number {
    return this.#rarity.length;
  }

  vectorOf(text: string): SparseVector {
    const ids: number[] = [];
    const values: number[] = [];
    for (const [block, terms] of termsOf(text).entries()) this.#addBlock(block, terms, ids, values);
    return { ids: Int32Array.from(ids), values: normalised(values) };
  }

  #addBlock(block: number, terms: readonly string[], ids: number[], values: number[]): void {
    const counts = new Map<number, number>();
    for (const term of terms) {
      const id = this.#numbers.get(`${block}${term}`);
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const weights = [...counts].map(
      ([id, count]) => (1 + Math.log(count)) * (this.#rarity[id] ?? 0),
    );
    ids.push(...counts.keys());
    values.push(...normalised(weights));
  }
}

function normalised(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values) || 1;
  return Float32Array.from(values, (value) => value / length);
}
