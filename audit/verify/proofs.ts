/** Inclusion and consistency proofs, RFC 9162 sections 2.1.3 and 2.1.4. */
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { TreeHead } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import { nodeHash, splitPoint, type Sha256 } from "./tree-hash.ts";

/** The root over the leaves from `from` up to, but not including, `until`. */
export type RangeRoot = (from: number, until: number) => Promise<Uint8Array>;

/** Returns the path from leaf `index` to the root of the tree of `size`: PATH of RFC 9162. */
export async function inclusionProof(
  rootOver: RangeRoot,
  index: number,
  size: number,
): Promise<Uint8Array[]> {
  if (!(index >= 0 && index < size)) throw new RangeError("The leaf is not in the tree.");
  const path: Promise<Uint8Array>[] = [];
  for (let from = 0, until = size; until - from > 1;) {
    const middle = from + splitPoint(until - from);
    if (index < middle) {
      path.push(rootOver(middle, until));
      until = middle;
    } else {
      path.push(rootOver(from, middle));
      from = middle;
    }
  }
  return (await Promise.all(path)).toReversed();
}

/** PROOF of RFC 9162; empty when `old` is 0 or `size`. */
export async function consistencyProof(
  rootOver: RangeRoot,
  old: number,
  size: number,
): Promise<Uint8Array[]> {
  if (!(old >= 0 && old <= size)) throw new RangeError("The old tree is larger than the new one.");
  if (old === 0 || old === size) return [];
  const path: Promise<Uint8Array>[] = [];
  let [from, until] = [0, size];
  while (until !== old) {
    const middle = from + splitPoint(until - from);
    if (old <= middle) {
      path.push(rootOver(middle, until));
      until = middle;
    } else {
      path.push(rootOver(from, middle));
      from = middle;
    }
  }
  // If the old tree is a whole subtree, the verifier already knows its root.
  if (from > 0) path.push(rootOver(from, until));
  return (await Promise.all(path)).toReversed();
}

const invalid = (what: string): LogError =>
  new LogError("invalid_proof", what, "does not lead to the root.");

/**
 * Checks that the leaf is at `index` of `head`: RFC 9162 section 2.1.3.2.
 * @throws LogError invalid_proof
 */
export function verifyInclusion(
  sha256: Sha256,
  {
    leaf,
    index,
    proof,
  }: { readonly leaf: Uint8Array; readonly index: number; readonly proof: readonly Uint8Array[] },
  head: TreeHead,
): void {
  const place = `entry ${index}`;
  if (!(Number.isSafeInteger(index) && index >= 0 && index < head.size)) throw invalid(place);
  let [node, last] = [index, head.size - 1];
  let root = leaf;
  for (const sibling of proof) {
    if (last === 0) throw invalid(place);
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sha256, sibling, root);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else root = nodeHash(sha256, root, sibling);
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0 || !equalBytes(root, head.root)) throw invalid(place);
}

/**
 * Checks that `head` extends `old`: RFC 9162 section 2.1.4.2.
 * @throws LogError rolled_back, forked, invalid_proof
 */
export function verifyConsistency(
  sha256: Sha256,
  old: TreeHead,
  head: TreeHead,
  proof: readonly Uint8Array[],
): void {
  const place = `tree of ${old.size}`;
  if (old.size > head.size)
    throw new LogError("rolled_back", place, `the log has only ${head.size} entries now.`);
  if (old.size === head.size || old.size === 0) {
    if (proof.length > 0) throw invalid(place);
    if (old.size === head.size && !equalBytes(old.root, head.root))
      throw new LogError("forked", place, "the root differs at the same size.");
    return;
  }
  const isWhole = Number.isInteger(Math.log2(old.size)) && 2 ** Math.log2(old.size) === old.size;
  const [first, ...rest] = isWhole ? [old.root, ...proof] : proof;
  if (first === undefined) throw invalid(place);
  let [node, last] = [old.size - 1, head.size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let [oldRoot, newRoot] = [first, first];
  for (const sibling of rest) {
    if (last === 0) throw invalid(place);
    if (node % 2 === 1 || node === last) {
      oldRoot = nodeHash(sha256, sibling, oldRoot);
      newRoot = nodeHash(sha256, sibling, newRoot);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else newRoot = nodeHash(sha256, newRoot, sibling);
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0 || !equalBytes(newRoot, head.root)) throw invalid(place);
  if (!equalBytes(oldRoot, old.root))
    throw new LogError("forked", place, "the log does not extend it.");
}

const half = (value: number): number => Math.floor(value / 2);
