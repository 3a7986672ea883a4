import { AuditError } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { nodeChecks } from "../node-checks.ts";
import { openCheckpoint } from "../verify/checkpoint.ts";
import { KEY_TYPES } from "../verify/note.ts";

/**
 * Returns the location of a stored checkpoint, in words. Files outside are named by the id of their
 * log.
 */
export const placeOf = (log: LogId, where: string): string =>
  `A checkpoint of the log ${log} that is kept ${where}`;
export const OUTSIDE = "outside the database";

/**
 * Reads a stored checkpoint, which the audit key must have signed.
 * @param place where it is stored, for the error
 * @throws AuditError audit_checkpoint_invalid
 */
export function openOurs(
  note: string,
  publicKey: Uint8Array,
  place = "A stored checkpoint",
): ReturnType<typeof openCheckpoint> {
  const [name = ""] = note.split("\n");
  try {
    return openCheckpoint(nodeChecks, note, { name, type: KEY_TYPES.ed25519, publicKey });
  } catch (cause) {
    throw new AuditError("audit_checkpoint_invalid", `${place} is not signed by the audit key.`, {
      cause,
    });
  }
}
