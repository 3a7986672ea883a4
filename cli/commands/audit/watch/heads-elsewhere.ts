import {
  openCheckpointStore,
  type CheckpointLocation,
} from "../../../../audit/checkpoints/open-store.ts";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import { openCheckpoint, type Checkpoint } from "../../../../audit/verify/checkpoint.ts";
import { LogError } from "../../../../audit/verify/log-error.ts";
import type { NoteKey } from "../../../../audit/verify/note.ts";
import type { Witness } from "../../../../audit/witness/ask-witness.ts";
import { seenByWitness } from "../../../../audit/witness/seen-by-witness.ts";
import { openHead } from "../../../../audit/witness/seen-heads.ts";
import { logFiles } from "../log-files.ts";

/** Who else keeps heads of the log. */
export interface Elsewhere {
  /** Where the server keeps its outside checkpoints. */
  readonly checkpoints: CheckpointLocation | undefined;
  /** Folders or URLs of archives of the log. */
  readonly archives: readonly string[];
  readonly witnesses: readonly Witness[];
}

/** A head of the log that its key signed, and who keeps it. */
export interface KeptHead {
  readonly head: Checkpoint;
  readonly where: string;
}

/**
 * Returns the heads of a log that are kept elsewhere.
 * @throws LogError that names the place with a fault; WitnessError unreachable; CommandError
 */
export async function headsElsewhere(
  { checkpoints, archives, witnesses }: Elsewhere,
  key: NoteKey,
): Promise<readonly KeptHead[]> {
  const found: KeptHead[] = [];
  if (checkpoints !== undefined) found.push(...(await outsideHeads(checkpoints, key)));
  for (const place of archives) {
    const note = await logFiles(place).read("checkpoint");
    if (note === undefined)
      throw new LogError("missing", `the archive ${place}`, "has no checkpoint.");
    found.push(keptHead(note, key, `the archive ${place}`));
  }
  for (const witness of witnesses) {
    // What another key signed proves nothing.
    const note = await seenByWitness(witness, key.name);
    const head = note === undefined ? undefined : openHead(note, key.name, key.publicKey);
    if (head !== undefined) found.push({ head, where: `the witness ${witness.key.name}` });
  }
  return found;
}

async function outsideHeads(
  location: CheckpointLocation,
  key: NoteKey,
): Promise<readonly KeptHead[]> {
  const where =
    location.kind === "directory"
      ? `the folder ${location.folder}`
      : `the bucket ${location.bucket}`;
  const store = await openCheckpointStore(location, Date.now);
  try {
    const kept = await store.all();
    const ours = kept.filter(({ note }) => note.startsWith(`${key.name}\n`));
    if (ours.length === 0)
      throw new LogError("missing", where, `has no checkpoint of ${key.name}.`);
    return ours.map(({ note }) => keptHead(note, key, where));
  } finally {
    await store.close();
  }
}

function keptHead(note: string | Uint8Array, key: NoteKey, where: string): KeptHead {
  try {
    return { head: openCheckpoint(nodeChecks, note, key), where };
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new LogError(
      cause.code,
      where,
      `keeps a checkpoint that does not hold. ${cause.message}`,
      {
        cause,
      },
    );
  }
}
