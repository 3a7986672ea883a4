/** The statements about the restores of a log, as files beside its tiles. */
import { openCheckpoint } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import { openLogRestore, type SignedRestore } from "./log-restore.ts";
import type { LogSource } from "./log-source.ts";
import type { Checks, NoteKey } from "./note.ts";

/**
 * Returns the path of the statement about the nth restore, beside the files of a log. It begins
 * with 1.
 */
export const restorePath = (restores: number): string => `restore/${restores}`;

/** Returns which restore a path is about; undefined if it is another path. */
export function restoreNumber(path: string): number | undefined {
  const [, number] = /^restore\/([1-9]\d{0,8})$/.exec(path) ?? [];
  return number === undefined ? undefined : Number(number);
}

/**
 * Returns the statements about the restores of a log, from its files. There must be as many as its
 * checkpoint says, each in the file of its number.
 * @throws LogError missing, malformed, wrong_origin, unsigned, wrong_signature
 */
export async function readRestoreFiles(
  checks: Checks,
  source: LogSource,
  key: NoteKey,
): Promise<readonly SignedRestore[]> {
  const signed = await source.read("checkpoint");
  if (signed === undefined) throw new LogError("missing", "checkpoint", "is not there.");
  const { restores: count = 0 } = openCheckpoint(checks, signed, key);
  const found: SignedRestore[] = [];
  while (found.length < count) {
    const number = found.length + 1;
    const path = restorePath(number);
    const note = await source.read(path);
    if (note === undefined) throw new LogError("missing", path, "is not there.");
    const restore = openLogRestore(checks, note, key);
    if (restore.restores !== number)
      throw new LogError("mismatch", path, `is about restore ${restore.restores}.`);
    found.push(restore);
  }
  return found;
}
