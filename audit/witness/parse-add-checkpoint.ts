import { fromBase64 } from "../verify/base64.ts";
import { LogError } from "../verify/log-error.ts";
import { HASH_BYTES } from "../verify/tree-hash.ts";

/** The greatest number of hashes in a consistency proof, as tlog-witness limits it. */
const MAX_PROOF = 63;

/** The body of an add-checkpoint request. */
interface AddCheckpoint {
  /** The size of the head from which the proof starts. */
  readonly old: number;
  /** The consistency proof, as hashes of 32 bytes. */
  readonly proof: readonly Uint8Array[];
  /** The checkpoint, as a signed note that is not verified yet. */
  readonly note: string;
}

/**
 * Parses the body of an add-checkpoint request (C2SP tlog-witness).
 * @throws LogError malformed
 */
export function parseAddCheckpoint(text: string): AddCheckpoint {
  const refused = () => new LogError("malformed", "request", "not an add-checkpoint request.");
  const split = text.indexOf("\n\n");
  const [first = "", ...lines] = text.slice(0, Math.max(split, 0)).split("\n");
  const old = /^old (0|[1-9]\d{0,15})$/.exec(first)?.[1];
  const proof = lines.map((line) => fromBase64(line) ?? new Uint8Array(0));
  const isProof = proof.length <= MAX_PROOF && proof.every(({ length }) => length === HASH_BYTES);
  if (old === undefined || !isProof) throw refused();
  return { old: Number(old), proof, note: text.slice(split + 2) };
}
