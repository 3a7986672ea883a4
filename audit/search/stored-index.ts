import { byteaArray, int4Array } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { SEGMENT_SIZE, type SegmentIndex } from "./segment-index.ts";

// Another node may have stored the segment a moment ago.
const STORE = `
  with stored as (
    insert into audit.index_segments (log, segment, from_ms, until_ms) values ($1, $2, $3, $4)
    on conflict do nothing returning segment
  )
  insert into audit.index_postings (log, segment, term, places)
  select $1, stored.segment, posting.term, posting.places
  from stored cross join unnest($5::int4[], $6::bytea[]) as posting (term, places)`;
// As `digestOf` computes it.
const DIGEST = `
  select encode(sha256(int8send(from_ms) || int8send(until_ms) || coalesce((
      select string_agg(int4send(term) || places, ''::bytea order by term)
      from audit.index_postings as posting
      where posting.log = $1 and posting.segment = $2
    ), '')), 'hex') as digest
  from audit.index_segments where log = $1 and segment = $2`;
const REMOVE = `
  with postings as (delete from audit.index_postings where log = $1 and segment = $2)
  delete from audit.index_segments where log = $1 and segment = $2`;
const REMOVE_PRUNED = `
  with postings as (delete from audit.index_postings where log = $1 and segment < $2)
  delete from audit.index_segments where log = $1 and segment < $2`;
// The statement sees the signed heads and the index as of one moment, so it leaves what another node stored
// for a later head.
const REMOVE_UNFINISHED = `
  with head as (select coalesce(max(size), 0) as size from audit.checkpoints where log = $1),
  postings as (
    delete from audit.index_postings
    where log = $1 and segment >= (select size / $2 from head) returning segment
  ), segments as (
    delete from audit.index_segments
    where log = $1 and segment >= (select size / $2 from head) returning segment
  )
  select min(segment) as first
  from (select segment from postings union all select segment from segments) as removed`;
const READ = `
  select indexed.segment, from_ms as "fromMs", until_ms as "untilMs", term, places
  from audit.index_segments as indexed
  left join audit.index_postings as posting
    on posting.log = indexed.log and posting.segment = indexed.segment and term = any($4::int4[])
  where indexed.log = $1 and indexed.segment >= $2 and indexed.segment < $3`;

/** Stores the index of a segment, unless it is stored already. */
export async function storeSegment(
  client: Client,
  log: LogId,
  segment: number,
  { fromMs, untilMs, terms, places }: SegmentIndex,
): Promise<void> {
  const values = [log, segment, fromMs, untilMs, int4Array(terms), byteaArray(places)];
  await client.query(STORE, values);
}

/** Returns the digest of a segment's stored index; undefined if none is stored. */
export async function storedDigest(
  client: Client,
  log: LogId,
  segment: number,
): Promise<string | undefined> {
  const { rows } = await client.query<{ digest: string }>(DIGEST, [log, segment]);
  return rows[0]?.digest;
}

/** Removes the index of a segment, which is then searched entry by entry. */
export async function removeSegment(client: Client, log: LogId, segment: number): Promise<void> {
  await client.query(REMOVE, [log, segment]);
}

/** Removes the index of the segments that begin before `minimumIndex`. Their entries were pruned. */
export async function removePrunedSegments(
  client: Client,
  log: LogId,
  minimumIndex: number,
): Promise<void> {
  await client.query(REMOVE_PRUNED, [log, Math.ceil(minimumIndex / SEGMENT_SIZE)]);
}

/**
 * Removes the index of the segments that have fewer than `SEGMENT_SIZE` signed entries. No node stores one.
 * @returns the first such segment; undefined if there was none
 */
export async function removeUnfinishedSegments(
  client: Client,
  log: LogId,
): Promise<number | undefined> {
  const { rows } = await client.query<{ first: number | null }>(REMOVE_UNFINISHED, [
    log,
    SEGMENT_SIZE,
  ]);
  return rows[0]?.first ?? undefined;
}

/** A row of the index: one term of a segment, or the segment without any of the requested terms. */
export interface PostingRow {
  readonly segment: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly term: number | null;
  readonly places: Uint8Array | null;
}

/** Returns what the index has about terms in the segments from `from` up to, but not including, `until`. */
export async function readPostings(
  client: Client,
  log: LogId,
  { from, until }: { readonly from: number; readonly until: number },
  terms: readonly number[],
): Promise<readonly PostingRow[]> {
  const { rows } = await client.query<PostingRow>(READ, [log, from, until, int4Array(terms)]);
  return rows;
}
