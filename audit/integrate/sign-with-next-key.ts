import type { Client } from "../../db/pool.ts";
import { readSignedHeads } from "../checkpoints/unkept-heads.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import type { LogSigner } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { signatureWith } from "../sign-note.ts";
import { parseCheckpointText } from "../verify/checkpoint.ts";
import { formatNote, KEY_TYPES, parseNote, signatureBy } from "../verify/note.ts";

const ADD = "update audit.checkpoints set note = $3 where log = $1 and size = $2";

/**
 * Adds the signature of the key that will replace the audit key to the newest head of each log, outside
 * and in the database. The heads must have been compared with the checkpoints outside. `client` must have
 * the integrator's role and the lock.
 */
export async function signWithNextKey(
  client: Client,
  { next }: LogSigner,
  store: Pick<CheckpointStore, "put">,
): Promise<void> {
  if (next === undefined) return;
  for (const { log, note } of await readSignedHeads(client)) {
    const { text, signatures } = parseNote(note);
    const { origin: name, size } = parseCheckpointText(text);
    const key = { name, type: KEY_TYPES.ed25519, publicKey: next.publicKey };
    if (signatureBy(nodeChecks.sha256, { text, signatures }, key) !== undefined) continue;
    const signed = formatNote(text, [...signatures, await signatureWith(next, name, text)]);
    await store.put(log, signed);
    await client.query(ADD, [log, size, signed]);
  }
}
