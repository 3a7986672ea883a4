import { utf8 } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { readLogRestores } from "../read/log-info.ts";
import type { SignedRestore } from "../verify/log-restore.ts";
import type { NoteKey } from "../verify/note.ts";
import type { Witness } from "./ask-witness.ts";
import { requestWitness } from "./witness-http.ts";

/** The path below a witness's submission prefix. It is ours: tlog-witness knows no restores. */
export const RESTORE_PATH = "/add-restore";

/**
 * Shows a witness the signed statements that a log was restored.
 * @param key of the log
 * @returns those that it keeps, so that it cosigns the continued log. Witnesses of other makers keep
 *   none; their operators must be asked
 */
export async function tellRestores(
  client: Client,
  { url }: Witness,
  key: NoteKey,
  ending?: AbortSignal,
): Promise<readonly SignedRestore[]> {
  const kept: SignedRestore[] = [];
  for (const restore of await readLogRestores(client, key)) {
    const answer = await requestWitness(`${url}${RESTORE_PATH}`, utf8(restore.note), ending);
    if (answer.status === 200) kept.push(restore);
  }
  return kept;
}
