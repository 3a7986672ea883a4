import { nodeChecks } from "../node-checks.ts";
import { LogError } from "../verify/log-error.ts";
import { openLogRestore, type LogRestore } from "../verify/log-restore.ts";
import { parseNote, type NoteKey } from "../verify/note.ts";
import type { WitnessOptions } from "./witness-options.ts";

/**
 * Keeps a log's signed statement that it was restored from a backup. The log may then continue from
 * the head that the statement names.
 * @returns the status of the answer: 200, or 400, 403 and 404 as in tlog-witness
 */
export async function addRestore(
  { logs, store, onRestore }: WitnessOptions,
  note: Uint8Array,
): Promise<200 | 400 | 403 | 404> {
  let text: string;
  try {
    ({ text } = parseNote(note));
  } catch (error) {
    if (error instanceof LogError) return 400;
    throw error;
  }
  const key = logs.find(({ name }) => name === text.split("\n")[1]);
  if (key === undefined) return 404;
  let restore: LogRestore;
  try {
    restore = openLogRestore(nodeChecks, note, key);
  } catch (error) {
    if (error instanceof LogError) return error.code === "malformed" ? 400 : 403;
    throw error;
  }
  const kept = await keptRestores(store, key);
  if (kept.some(({ restores }) => restores === restore.restores)) return 200;
  await store.addRestore(key.name, Buffer.from(note).toString("utf8"));
  onRestore?.(restore);
  return 200;
}

/** The statements that a witness keeps about a log. */
export const keptRestores = async (
  store: WitnessOptions["store"],
  key: NoteKey,
): Promise<readonly LogRestore[]> =>
  (await store.restores(key.name)).map((note) => openLogRestore(nodeChecks, note, key));
