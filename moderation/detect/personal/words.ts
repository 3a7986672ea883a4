/** A word of a text with what stands before it, for names and addresses, where capital letters count. */
export interface Word {
  readonly text: string;
  /** Lower case, without accents. */
  readonly folded: string;
  readonly start: number;
  readonly end: number;
  /** What stands between the word before and this one. */
  readonly before: string;
  readonly isCapital: boolean;
  readonly isNumber: boolean;
}

// Letters with inner hyphens, or digits with letters after them. Each alternative is deterministic, so matching is linear.
const pattern = /[\p{L}\p{M}]+(?:[-][\p{L}\p{M}]+)*|\d+[\p{L}]?/gu;

export function wordsOf(text: string): readonly Word[] {
  const words: Word[] = [];
  let last = 0;
  for (const { 0: written, index } of text.matchAll(pattern)) {
    words.push({
      text: written,
      folded: fold(written),
      start: index,
      end: index + written.length,
      before: text.slice(last, index),
      isCapital: /^\p{Lu}/u.test(written),
      isNumber: /^\d/.test(written),
    });
    last = index + written.length;
  }
  return words;
}

const fold = (written: string): string =>
  written
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("ø", "o")
    .replaceAll("ł", "l")
    .replaceAll("đ", "d")
    .replaceAll("ß", "ss")
    .replaceAll("æ", "ae")
    .replaceAll("ı", "i");
