/** C2SP tlog-proof: an entry's inclusion and its checkpoint, in one file. */
import { fromBase64, toBase64 } from "./base64.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import type { Checks, Note, NoteKey } from "./note.ts";
import { verifyInclusion } from "./proofs.ts";
import { HASH_BYTES, leafHash } from "./tree-hash.ts";

export interface TlogProof {
  /** An opaque addition that often helps to find the entry. It is not authenticated. */
  readonly extra?: Uint8Array | undefined;
  readonly index: number;
  /** The hashes from the leaf's sibling upwards. */
  readonly proof: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
}

const header = "c2sp.org/tlog-proof@v1";

export function formatTlogProof({ extra, index, proof, checkpoint }: TlogProof): string {
  const lines = [
    header,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...proof.map(toBase64),
  ];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/** @throws LogError malformed */
export function parseTlogProof(text: string): TlogProof {
  const refused = () => new LogError("malformed", "proof", "not a tlog-proof.");
  const split = text.indexOf("\n\n");
  const [first, ...lines] = text.slice(0, Math.max(split, 0)).split("\n");
  if (first !== header) throw refused();
  const extra = lines[0]?.startsWith("extra ") ? fromBase64(lines.shift()?.slice(6) ?? "") : null;
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? "")?.[1];
  const proof = lines.map((line) => fromBase64(line) ?? new Uint8Array(0));
  if (
    extra === undefined ||
    index === undefined ||
    proof.some(({ length }) => length !== HASH_BYTES)
  )
    throw refused();
  return {
    index: Number(index),
    proof,
    checkpoint: text.slice(split + 2),
    ...(extra && { extra }),
  };
}

/**
 * Checks offline that `entry` is in the log of `key`.
 * @returns the checkpoint that contains it
 * @throws LogError
 */
export function verifyTlogProof(
  checks: Checks,
  { index, proof, checkpoint: note }: TlogProof,
  entry: Uint8Array,
  key: NoteKey,
): Checkpoint & { readonly note: Note } {
  const checkpoint = openCheckpoint(checks, note, key);
  const leaf = leafHash(checks.sha256, entry);
  verifyInclusion(checks.sha256, { leaf, index, proof }, checkpoint);
  return checkpoint;
}
