import {
  openCheckpointStore,
  type CheckpointLocation,
} from "../../../../audit/checkpoints/open-store.ts";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import {
  isLaterHead,
  openCheckpoint,
  type Checkpoint,
} from "../../../../audit/verify/checkpoint.ts";
import { cosignedAt } from "../../../../audit/verify/cosignature.ts";
import { LogError } from "../../../../audit/verify/log-error.ts";
import type { NoteKey } from "../../../../audit/verify/note.ts";
import type { Witness } from "../../../../audit/witness/ask-witness.ts";
import { seenByWitness } from "../../../../audit/witness/seen-by-witness.ts";
import { WitnessError } from "../../../../audit/witness/witness-error.ts";
import { logFiles } from "../log-files.ts";

/** Who else keeps heads of the log. */
export interface Elsewhere {
  /** Where the server keeps its outside checkpoints. */
  readonly checkpoints: CheckpointLocation | undefined;
  /** Folders or URLs of archives of the log. */
  readonly archives: readonly string[];
  readonly witnesses: readonly Witness[];
  /** For how long a witness may keep a head that is smaller than the one verified last, in milliseconds. */
  readonly cosignedWithinMs: number;
}

/** A head of the log that its key signed, and who keeps it. */
export interface KeptHead {
  readonly head: Checkpoint;
  readonly where: string;
}

/**
 * Returns the heads of a log that are kept elsewhere.
 * @param last the head that was verified last
 * @throws LogError that names the place with a fault; WitnessError unreachable, also if a witness serves no
 *   head of the log, or has not been shown the log for too long; CommandError
 */
export async function headsElsewhere(
  { checkpoints, archives, witnesses, cosignedWithinMs }: Elsewhere,
  key: NoteKey,
  last: Checkpoint | undefined,
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
    const { head, where, atMs } = await cosignedHead(witness, key);
    // Nobody asks a witness again about a log that does not grow.
    const isBehind = last !== undefined && isLaterHead(last, head);
    if (isBehind && Math.abs(Date.now() - atMs) > cosignedWithinMs)
      throw new WitnessError(
        "unreachable",
        `${where} cosigned a head of ${key.name} last at ${new Date(atMs).toISOString()}, and the log has grown since.`,
      );
    found.push({ head, where });
  }
  return found;
}

/** Returns the head that a witness cosigned last, and when, in milliseconds since the Unix epoch. */
async function cosignedHead(
  witness: Witness,
  key: NoteKey,
): Promise<KeptHead & { readonly atMs: number }> {
  const where = `the witness ${witness.key.name}`;
  const note = await seenByWitness(witness, key.name);
  if (note === undefined)
    throw new WitnessError("unreachable", `${where} serves no head of ${key.name}.`);
  const { head } = keptHead(note, key, where);
  const atS = cosignedAt(nodeChecks, head.note, witness.key);
  if (atS === undefined)
    throw new LogError("unsigned", where, "serves a head that it did not cosign.");
  return { head, where, atMs: atS * 1_000 };
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

function keptHead(note: string | Uint8Array, key: NoteKey, where: string) {
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
