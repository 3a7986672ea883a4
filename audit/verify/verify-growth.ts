/** Verifies what was added to a log since an earlier head, without reading the rest again. */
import { openCheckpoint, type Checkpoint, type TreeHead } from "./checkpoint.ts";
import { compareEntries, readBundle } from "./leaves.ts";
import { LogError } from "./log-error.ts";
import { rangeRoots, type LogSource } from "./log-source.ts";
import type { Checks, Note, NoteKey } from "./note.ts";
import { consistencyProof, verifyConsistency } from "./proofs.ts";
import { ProvenTiles } from "./proven-tiles.ts";
import { TILE_WIDTH } from "./tile.ts";

export interface GrowthQuestion {
  readonly key: NoteKey;
  /** The index of the first entry that is read. */
  readonly from: number;
}

/**
 * Requires that each entry from an index on is the one under the signed root. It reads only these entries,
 * and the tiles that lead to them. What comes before must have been verified under an earlier head:
 * `assertExtends` compares with it.
 * @throws LogError, whose `place` is the first entry, tile or tree that does not agree
 */
export async function verifyGrowth(
  checks: Checks,
  source: LogSource,
  { key, from }: GrowthQuestion,
): Promise<Checkpoint & { readonly note: Note }> {
  const signed = await source.read("checkpoint");
  if (signed === undefined) throw new LogError("missing", "checkpoint", "is not there.");
  const checkpoint = openCheckpoint(checks, signed, key);
  const { size } = checkpoint;
  const tiles = new ProvenTiles(checks.sha256, source, checkpoint);
  for (let next = from; next < size;) {
    const index = Math.floor(next / TILE_WIDTH);
    const first = index * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, size - first);
    const tile = { level: 0, index, width };
    const bundle = await readBundle(source, tile);
    compareEntries(checks, tile, await tiles.hashes(0, index), bundle);
    next = first + width;
  }
  return checkpoint;
}

/**
 * Requires that the log at a head extends an earlier one.
 * @throws LogError rolled_back, forked, missing, malformed, invalid_proof
 */
export async function assertExtends(
  { sha256 }: Checks,
  source: LogSource,
  earlier: TreeHead,
  head: TreeHead,
): Promise<void> {
  const { size } = earlier;
  const isShorter = size > head.size;
  const proof = isShorter
    ? []
    : await consistencyProof(rangeRoots(sha256, source, head.size), size, head.size);
  verifyConsistency(sha256, earlier, head, proof);
}
