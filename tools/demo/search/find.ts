import { runBytes, type TextRuns } from "./text-runs.ts";

/** Text of a conversation in a place where it must not be. */
export interface Find {
  readonly run: string;
  /** The table or file in which it was found. */
  readonly place: string;
}

/** The finds of a search. Each run counts once for each place. */
export class Finds {
  readonly #places = new Map<string, Set<string>>();

  add(run: string, place: string): void {
    const places = this.#places.get(run) ?? new Set();
    this.#places.set(run, places.add(place));
  }

  has(run: string): boolean {
    return this.#places.has(run);
  }

  list(): readonly Find[] {
    return [...this.#places].flatMap(([run, places]) =>
      [...places].map((place) => ({ run, place })),
    );
  }
}

/**
 * Searches a stream as if it were one piece.
 * @returns how many bytes it had
 */
export async function searchStream(
  stream: AsyncIterable<Uint8Array>,
  runs: TextRuns,
  onFound: (run: string) => void,
): Promise<number> {
  let total = 0;
  let carried: Uint8Array = new Uint8Array(0);
  for await (const chunk of stream) {
    total += chunk.length;
    const piece = carried.length === 0 ? chunk : Buffer.concat([carried, chunk]);
    runs.search(piece, onFound);
    carried = piece.slice(Math.max(0, piece.length - runBytes + 1));
  }
  return total;
}
