import { utf8 } from "../../../crypto/wire/bytes.ts";

/** So many bytes of a line in a row count as a find. */
export const runBytes = 12;
/** Runs with fewer different bytes are left out: a row of spaces or dots says nothing. */
const fewestDistinctBytes = 4;

/** Of 4-byte pieces this far apart, one at least lies wholly within any run. */
const stride = runBytes - 4;
const filterBits = 20;

/**
 * Every run of `runBytes` bytes of some texts. Of what is searched, one 4-byte piece in every
 * `stride` bytes is looked at first, by a bit filter; only around a piece that stands in some text
 * are the runs themselves looked up. So hundreds of megabytes take a second.
 */
export class TextRuns {
  readonly #runs = new Set<string>();
  readonly #pieces = new Uint32Array(2 ** (filterBits - 5));

  constructor(texts: Iterable<string>) {
    for (const text of texts) for (const run of runsOf(text)) this.#add(run);
  }

  /** How many different runs there are. */
  get size(): number {
    return this.#runs.size;
  }

  /**
   * Calls `onFound` for each offset where a run stands, with the run as latin1 text. What crosses
   * from one haystack into the next is found when the last `runBytes - 1` bytes of the one are put
   * before the other.
   */
  search(haystack: Uint8Array, onFound: (run: string) => void): void {
    const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
    for (let piece = 0; piece + 4 <= bytes.length; piece += stride) {
      if (!this.#mayHold(bytes.readInt32LE(piece))) continue;
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

  #mayHold(piece: number): boolean {
    const slot = slotOf(piece);
    return ((this.#pieces[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }
}

/** The runs of a text's UTF-8 bytes, as latin1 text, without those of too few different bytes. */
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
