import { parseEntry } from "../../../audit/export/entry-filter.ts";

/** Clocks of nodes agree within a minute, and an entry is placed a moment after its act. */
const TOLERANCE_MS = 120_000;
/** The number of places that are named. */
const MOST_NAMED = 3;

/** Finds where the times of a log's entries go back, as after a clock that was put back. */
export class BackwardTimes {
  readonly #places: string[] = [];
  #latest: { readonly index: number; readonly atMs: number } | undefined;
  #count = 0;

  /** Takes the next entry in the order of the log. Bytes that are not one of our entries have no time. */
  add(bytes: Uint8Array, index: number): void {
    const atMs = parseEntry(bytes)?.occurredAtMs;
    if (atMs === undefined) return;
    if (this.#latest !== undefined && atMs < this.#latest.atMs - TOLERANCE_MS) {
      this.#count++;
      if (this.#places.length < MOST_NAMED)
        this.#places.push(
          `entry ${index} (${timeOf(atMs)}) after entry ${this.#latest.index} (${timeOf(this.#latest.atMs)})`,
        );
    }
    if (this.#latest === undefined || atMs > this.#latest.atMs) this.#latest = { index, atMs };
  }

  /** Returns a sentence about the places, or undefined if there are none. */
  get warning(): string | undefined {
    if (this.#count === 0) return undefined;
    const more =
      this.#count > this.#places.length ? `, and ${this.#count - this.#places.length} more` : "";
    return `Warning: times run backwards by more than 2 minutes: ${this.#places.join("; ")}${more}. A clock was wrong, or somebody wrote entries with a wrong time. A filter by time may miss them.`;
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString();
