import type { Client } from "../../db/pool.ts";
import type { EntryFilter } from "../export/entry-filter.ts";
import type { CheckedLog } from "../read/checked-log.ts";
import { decodePlaces, SEGMENT_SIZE, segmentOf } from "./segment-index.ts";
import { readPostings, type PostingRow } from "./stored-index.ts";
import { FOREIGN_NUMBER, numberOf, termsOfFilter } from "./terms.ts";

/** The number of segments that one statement reads the index of. */
const SEGMENTS_AT_ONCE = 64;

/** Entries of one segment that may match a filter. */
export interface Candidates {
  /** The indexes of the entries in the log, ascending. */
  readonly indexes: readonly number[];
  /** Whether the index named them. If not, they are all entries of the segment. */
  readonly isIndexed: boolean;
}

/**
 * Yields the entries from `first` to the end of the log that may match a filter, segment by segment. Each
 * entry that matches is among them, as far as the stored index is right.
 */
export async function* candidates(
  client: Client,
  log: CheckedLog,
  filter: EntryFilter,
  first: number,
): AsyncGenerator<Candidates> {
  const { size } = log.checkpoint;
  const terms = termsOfFilter(filter).map(numberOf);
  const end = segmentOf(size - 1) + 1;
  for (let from = segmentOf(first); from < end; from += SEGMENTS_AT_ONCE) {
    const until = Math.min(from + SEGMENTS_AT_ONCE, end);
    const rows = await readPostings(client, log.log, { from, until }, [...terms, FOREIGN_NUMBER]);
    const bySegment = bySegmentOf(rows);
    for (let segment = from; segment < until; segment++) {
      const start = segment * SEGMENT_SIZE;
      const isInLog = (index: number) => index >= first && index < size;
      // Nodes index only whole segments. They compare no other row with the entries.
      const isWhole = start >= log.minimumIndex && start + SEGMENT_SIZE <= size;
      const indexed = isWhole ? placesOf(bySegment.get(segment), terms, filter) : undefined;
      const places = indexed ?? ALL;
      yield {
        indexes: places.map((place) => start + place).filter(isInLog),
        isIndexed: indexed !== undefined,
      };
    }
  }
}

function bySegmentOf(rows: readonly PostingRow[]): ReadonlyMap<number, readonly PostingRow[]> {
  const bySegment = new Map<number, PostingRow[]>();
  for (const row of rows) {
    const others = bySegment.get(row.segment);
    if (others === undefined) bySegment.set(row.segment, [row]);
    else others.push(row);
  }
  return bySegment;
}

const ALL = Array.from({ length: SEGMENT_SIZE }, (_, place) => place);

/** @returns undefined if the index does not tell, so that every entry of the segment may match */
function placesOf(
  rows: readonly PostingRow[] | undefined,
  terms: readonly number[],
  { fromMs = -Infinity, untilMs = Infinity }: EntryFilter,
): readonly number[] | undefined {
  const [segment] = rows ?? [];
  if (rows === undefined || segment === undefined) return undefined;
  const postings = new Map(rows.map(({ term, places }) => [term, places && decodePlaces(places)]));
  const foreign = postings.get(FOREIGN_NUMBER) ?? [];
  if (segment.untilMs < fromMs || segment.fromMs >= untilMs) return foreign;
  if (terms.length === 0) return undefined;
  const [rarest = [], ...others] = terms
    .map((term) => postings.get(term) ?? [])
    .toSorted((one, other) => one.length - other.length);
  const sets = others.map((places) => new Set(places));
  const common = rarest.filter((place) => sets.every((set) => set.has(place)));
  return [...new Set([...common, ...foreign])].toSorted((one, other) => one - other);
}
