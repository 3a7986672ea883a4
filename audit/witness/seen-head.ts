import { nodeChecks } from "../node-checks.ts";
import { openCheckpoint, type Checkpoint } from "../verify/checkpoint.ts";
import { cosignedAt } from "../verify/cosignature.ts";
import { KEY_TYPES, type Note, type NoteKey } from "../verify/note.ts";
import type { WitnessOptions } from "./witness-options.ts";

/** A head that this witness cosigned. */
export interface CosignedHead extends Checkpoint {
  readonly note: Note;
  /** The time of the cosignature, in milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** Returns the head that the witness saw last of a log; undefined if it never saw the log. */
export async function seenHead(
  { name, signer, store }: Pick<WitnessOptions, "name" | "signer" | "store">,
  key: NoteKey,
): Promise<CosignedHead | undefined> {
  const kept = await store.latest(key.name);
  if (kept === undefined) return undefined;
  const head = openCheckpoint(nodeChecks, kept, key);
  const own: NoteKey = { name, type: KEY_TYPES.cosignature, publicKey: signer.publicKey };
  return { ...head, atMs: (cosignedAt(nodeChecks, head.note, own) ?? 0) * 1_000 };
}
