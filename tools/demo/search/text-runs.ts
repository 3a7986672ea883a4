import { utf8 } from "../../../crypto/wire/bytes.ts";

/** This many consecutive bytes of a line count as a find. */
export const runBytes = 12;
/** Runs with fewer different bytes are left out, because a row of spaces or dots means nothing. */
const fewestDistinctBytes = 4;

/** The distance of 4-byte pieces at which every run contains at least one whole piece. */
const stride = runBytes - 4;
const filterBits = 20;

/**
 * Every run of `runBytes` bytes of some texts. A search first looks at one 4-byte piece in every
 * `stride` bytes with a bit filter. It looks up the runs themselves only around a piece that occurs
 * in some text. So hundreds of megabytes take a second.
 */
export class TextRuns {
  readonly #runs = new Set<string>();
  readonly #pieces = new Uint32Array(2 ** (filterBits - 5));

  constructor(texts: Iterable<string>) {
    for (const text of texts) for (const run of runsOf(text)) this.#add(run);
  }

  /** Returns how many different runs there are. */
  get size(): number {
    return this.#runs.size;
  }

  /**
   * Calls `onFound` for each offset with a run, and passes the run as latin1 text. To find runs
   * that cross from one haystack into the next, put the last `runBytes - 1` bytes of the first
   * before the second.
   */
  search(haystack: Uint8Array, onFound: (run: string) => void): void {
    const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
    for (let piece = 0; piece + 4 <= bytes.length; piece += stride) {
      if (!this.#mightContain(bytes.readInt32LE(piece))) continue;
      const last = Math.min(piece, bytes.length - runBytes);
      for (let start = Math.max(0, piece - stride + 1); start <= last; start++) {
        const run = bytes.toString("latin1", start, start + runBytes);
        if (this.#runs.has(run)) onFound(run);
      }
    }
  }

  #add(run: string): void {
    this.#runs.add(run);
    const bytes = Buffer.from(run, "latin1");
    for (let piece = 0; piece + 4 <= runBytes; piece++) {
      const slot = slotOf(bytes.readInt32LE(piece));
      this.#pieces[slot >>> 5] = (this.#pieces[slot >>> 5] ?? 0) | (1 << (slot & 31));
    }
  }

  #mightContain(piece: number): boolean {
    const slot = slotOf(piece);
    return ((this.#pieces[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }
}

/**
 * Returns the runs of a text's UTF-8 bytes, as latin1 text, without those with too few different
 * bytes.
 */
export function runsOf(text: string): readonly string[] {
  const bytes = Buffer.from(utf8(text));
  const runs: string[] = [];
  for (let end = runBytes; end <= bytes.length; end++) {
    const run = bytes.subarray(end - runBytes, end);
    if (new Set(run).size >= fewestDistinctBytes) runs.push(run.toString("latin1"));
  }
  return runs;
}

/** Multiplicative hashing: the high bits depend on every byte of the piece. */
const slotOf = (piece: number): number => Math.imul(piece, 0x9e3779b1) >>> (32 - filterBits);
