import { nodeChecks } from "../node-checks.ts";
import { LogError } from "../verify/log-error.ts";
import { assertTrusted, openLogRestore, type SignedRestore } from "../verify/log-restore.ts";
import { parseNote, type NoteKey } from "../verify/note.ts";
import { assertTimely, survivorOf } from "../verify/survivor.ts";
import { seenHead } from "./seen-head.ts";
import type { WitnessOptions } from "./witness-options.ts";

/**
 * Keeps a log's signed statement that it was restored from a backup. The log may then continue from
 * the head that the statement names.
 * @returns the status of the answer: 200, or 400, 403 and 404 as in tlog-witness. 403 also if too few
 *   of the approvers that the witness knows signed it, or if it takes away what the witness cosigned
 *   more than a day after its declaration. 409 if it keeps another statement by that number
 */
export async function addRestore(
  options: WitnessOptions,
  note: Uint8Array,
): Promise<200 | 400 | 403 | 404 | 409> {
  const { logs, approvers, store, onRestore } = options;
  let text: string;
  try {
    ({ text } = parseNote(note));
  } catch (error) {
    if (error instanceof LogError) return 400;
    throw error;
  }
  const key = logs.find(({ name }) => name === text.split("\n")[1]);
  if (key === undefined) return 404;
  let restore: SignedRestore;
  try {
    restore = openLogRestore(nodeChecks, note, key);
    assertTrusted(restore, approvers);
    const seen = await seenHead(options, key);
    if (seen !== undefined) assertTimely(survivorOf(seen, [restore]).lostIn, seen.atMs);
  } catch (error) {
    if (error instanceof LogError) return error.code === "malformed" ? 400 : 403;
    throw error;
  }
  const kept = await keptRestores(store, key);
  const known = kept.find(({ restores }) => restores === restore.restores);
  if (known !== undefined) return parseNote(known.note).text === text ? 200 : 409;
  await store.addRestore(key.name, restore.note);
  onRestore?.(restore);
  return 200;
}

/** Returns the statements that a witness keeps about a log. It checked their approvers before. */
export const keptRestores = async (
  store: WitnessOptions["store"],
  key: NoteKey,
): Promise<readonly SignedRestore[]> =>
  (await store.restores(key.name)).map((note) => openLogRestore(nodeChecks, note, key));
