import { createDeclaration } from "../../audit/restore/declaration.ts";
import { signDeclaration } from "../../audit/restore/sign-declaration.ts";
import type { RestoredLog } from "../../audit/verify/log-restore.ts";
import { formatNote } from "../../audit/verify/note.ts";
import { approvedBy, approvers, people } from "./approvers.ts";
import type { MemoryLog } from "./memory-log.ts";

const cause = { backupOfMs: 1_000, declaredAtMs: 2_000, reason: "fire" };

/** The statement about a restore of a log, as its key and some people sign it. */
export async function signedStatement(
  log: MemoryLog,
  restored: Omit<RestoredLog, "origin">,
  { signers = people, signer = log.signer, origin = log.key.name, named = approvers } = {},
): Promise<string> {
  const made = createDeclaration({ ...cause, approvers: named }, [{ origin, ...restored }]);
  const [signed] = await signDeclaration(signer, approvedBy(made, signers));
  return formatNote(signed?.note.text ?? "", signed?.note.signatures ?? []);
}
