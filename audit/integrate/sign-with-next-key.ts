import { sqlState } from "../../db/database-error.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import type { LogSigner } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { signatureWith } from "../sign-note.ts";
import { LogError } from "../verify/log-error.ts";
import {
  assertSignature,
  formatNote,
  KEY_TYPES,
  signatureBy,
  type Note,
  type NoteKey,
} from "../verify/note.ts";
import { openOurs } from "./open-ours.ts";
import { assertOrigins } from "./origins.ts";
import type { Resumed } from "./session.ts";

const RESTRICT_VIOLATION = "23001";
const ADD = "update audit.checkpoints set note = $3 where log = $1 and size = $2";

/**
 * Adds the signature of the key that will replace the audit key to the newest head of each log, outside
 * and in the database. It signs only the heads that were compared with the checkpoints outside, and does
 * not read them again. `client` must have the integrator's role and the lock.
 * @throws AuditError audit_checkpoint_invalid: a head has another log's name, or a signature that the
 *   next key did not make, or was changed after the comparison
 */
export async function signWithNextKey(
  client: Client,
  signer: LogSigner,
  store: Pick<CheckpointStore, "put">,
  { heads, origins }: Pick<Resumed, "heads" | "origins">,
): Promise<void> {
  const { next } = signer;
  if (next === undefined) return;
  for (const { log, note } of heads) {
    const head = openOurs(note, signer.publicKey);
    assertOrigins([{ log, ...head }], origins);
    const { text, signatures } = head.note;
    const key = { name: head.origin, type: KEY_TYPES.ed25519, publicKey: next.publicKey };
    if (signatureBy(nodeChecks.sha256, head.note, key) !== undefined) {
      assertMade(head.note, key);
      continue;
    }
    const signed = formatNote(text, [...signatures, await signatureWith(next, key.name, text)]);
    await store.put(log, signed);
    await client.query(ADD, [log, head.size, signed]).catch((cause: unknown) => {
      if (sqlState(cause) !== RESTRICT_VIOLATION) throw cause;
      throw invalid(key.name, "changed, or has too many signatures", cause);
    });
  }
}

/** Requires that the next key made the signature in its name, which anybody may have added. */
function assertMade(note: Note, key: NoteKey): void {
  try {
    assertSignature(nodeChecks, note, key);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw invalid(key.name, "has a signature that the new audit key did not make", cause);
  }
}

const invalid = (origin: string, what: string, cause: unknown): AuditError =>
  new AuditError(
    "audit_checkpoint_invalid",
    `The newest head of ${origin} in the database ${what}.`,
    { cause },
  );
