import { utf8 } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { readLogRestores } from "../read/log-info.ts";
import type { Witness } from "./ask-witness.ts";
import { requestWitness } from "./witness-http.ts";

/** The path below a witness's submission prefix. It is ours: tlog-witness knows no restores. */
export const RESTORE_PATH = "/add-restore";

/**
 * Shows a witness the signed statements that a log was restored.
 * @returns whether it keeps them, so that it cosigns the continued log. Witnesses of other makers do
 *   not; their operators must be asked.
 */
export async function tellRestores(
  client: Client,
  { url }: Witness,
  origin: string,
  ending?: AbortSignal,
): Promise<boolean> {
  const notes = await readLogRestores(client, origin);
  for (const note of notes) {
    const answer = await requestWitness(`${url}${RESTORE_PATH}`, utf8(note), ending);
    if (answer.status !== 200) return false;
  }
  return notes.length > 0;
}
