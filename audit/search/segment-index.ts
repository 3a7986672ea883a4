import { hash } from "node:crypto";
import { parseEntry } from "../export/entry-filter.ts";
import type { IndexedEntry } from "../read/checked-log.ts";
import { numberOf, termsOfEntry } from "./terms.ts";

/** The number of entries in a segment. A whole number of bundles. */
export const SEGMENT_SIZE = 4_096;

/** Returns the number of the segment that holds an entry. */
export const segmentOf = (index: number): number => Math.floor(index / SEGMENT_SIZE);

const PLACE_BYTES = 2;

/** What the index says about the entries of one segment. */
export interface SegmentIndex {
  /** The earliest and the latest time of an entry, in milliseconds; 0 if none has a time. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** The terms by their numbers, in ascending order. */
  readonly terms: readonly number[];
  /** For each term the places of its entries in the segment: 2 bytes each, ascending. */
  readonly places: readonly Uint8Array[];
}

/** Collects the index of one segment from its entries, in their order. */
export class SegmentIndexer {
  readonly #numbers = new Map<string, number>();
  readonly #places = new Map<number, number[]>();
  #fromMs: number | undefined;
  #untilMs: number | undefined;
  #size = 0;

  /** The number of entries so far. */
  get size(): number {
    return this.#size;
  }

  add({ index, entry: bytes }: IndexedEntry): void {
    this.#size++;
    const entry = parseEntry(bytes);
    for (const term of termsOfEntry(entry)) this.#addPlace(term, index % SEGMENT_SIZE);
    if (entry === undefined) return;
    this.#fromMs = Math.min(entry.occurredAtMs, this.#fromMs ?? entry.occurredAtMs);
    this.#untilMs = Math.max(entry.occurredAtMs, this.#untilMs ?? entry.occurredAtMs);
  }

  #addPlace(term: string, place: number): void {
    const number = this.#numbers.get(term) ?? numberOf(term);
    this.#numbers.set(term, number);
    const places = this.#places.get(number);
    if (places === undefined) this.#places.set(number, [place]);
    // Two terms of one entry may have the same number.
    else if (places.at(-1) !== place) places.push(place);
  }

  finish(): SegmentIndex {
    const sorted = [...this.#places].toSorted(([one], [other]) => one - other);
    return {
      fromMs: this.#fromMs ?? 0,
      untilMs: this.#untilMs ?? 0,
      terms: sorted.map(([term]) => term),
      places: sorted.map(([, places]) => encodePlaces(places)),
    };
  }
}

/**
 * Returns the digest of a segment's index: SHA-256 of both times (8 bytes each), and for each term
 * its number (4 bytes) and its places. Integers are signed and big-endian.
 */
export function digestOf({ fromMs, untilMs, terms, places }: SegmentIndex): string {
  const times = Buffer.alloc(16);
  times.writeBigInt64BE(BigInt(fromMs), 0);
  times.writeBigInt64BE(BigInt(untilMs), 8);
  const parts = terms.flatMap((term, at) => {
    const number = Buffer.alloc(4);
    number.writeInt32BE(term);
    return [number, places[at] ?? new Uint8Array(0)];
  });
  return hash("sha256", Buffer.concat([times, ...parts]));
}

function encodePlaces(places: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(places.length * PLACE_BYTES);
  places.forEach((place, at) => bytes.writeUInt16BE(place, at * PLACE_BYTES));
  return bytes;
}

export function decodePlaces(bytes: Uint8Array): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / PLACE_BYTES }, (_, at) =>
    view.getUint16(at * PLACE_BYTES),
  );
}
