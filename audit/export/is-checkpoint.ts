import { nodeChecks } from "../node-checks.ts";
import { openCheckpoint } from "../verify/checkpoint.ts";
import { KEY_TYPES, parseNote } from "../verify/note.ts";

/**
 * Returns whether the bytes are a checkpoint that this key signed, whatever the log. The operator's log
 * holds such checkpoints beside its entries. Other bytes are never mistaken for one.
 * @param publicKey Ed25519, 32 bytes
 */
export function isCheckpoint(bytes: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    const [name = ""] = parseNote(bytes).text.split("\n");
    openCheckpoint(nodeChecks, bytes, { name, type: KEY_TYPES.ed25519, publicKey });
    return true;
  } catch {
    return false;
  }
}
