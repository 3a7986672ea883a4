import { LogError } from "./log-error.ts";

/** The largest length that two bytes can hold. */
const MAX_ENTRY_BYTES = 65_535;

/** C2SP tlog-tiles, entry bundle: each entry follows its length, two bytes big-endian. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bundle = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) throw new RangeError("An entry has at most 65,535 bytes.");
    bundle[at] = entry.length >> 8;
    bundle[at + 1] = entry.length & 255;
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
}

/**
 * Yields the entries one by one, as views of `bundle`.
 * @throws LogError malformed, if the bundle ends inside an entry
 */
export function* bundleEntries(bundle: Uint8Array, place: string): Generator<Uint8Array> {
  for (let at = 0, count = 0; at < bundle.length; count++) {
    const length = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0);
    const end = at + 2 + length;
    if (end > bundle.length)
      throw new LogError("malformed", place, `ends inside its entry ${count}.`);
    yield bundle.subarray(at + 2, end);
    at = end;
  }
}

/** Returns all entries, as views of `bundle`. @throws LogError malformed */
export const decodeBundle = (bundle: Uint8Array, place: string): Uint8Array[] => [
  ...bundleEntries(bundle, place),
];
