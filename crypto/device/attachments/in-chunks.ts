/**
 * Yields the same bytes in pieces of exactly `size`. The last piece may be shorter or empty. A
 * piece is yielded only when another byte has arrived, so the last one is known to be the last.
 * Each piece has its own memory.
 */
export async function* inChunks(
  data: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly last: boolean }, void, undefined> {
  let held = new Uint8Array(size);
  let filled = 0;
  for await (const piece of data) {
    for (let from = 0; from < piece.length;) {
      if (filled === size) {
        yield { bytes: held, last: false };
        held = new Uint8Array(size);
        filled = 0;
      }
      const taken = piece.subarray(from, from + size - filled);
      held.set(taken, filled);
      filled += taken.length;
      from += taken.length;
    }
  }
  yield { bytes: held.subarray(0, filled), last: true };
}
