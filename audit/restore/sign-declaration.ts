import type { LogSigner } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { signaturesOf } from "../sign-note.ts";
import { assertApproved } from "../verify/log-restore.ts";
import { signatureBy } from "../verify/note.ts";
import type { DeclaredLog } from "./declaration.ts";

/**
 * The number of signatures that are requested at the same time. A key service takes milliseconds
 * for each.
 */
const AT_ONCE = 8;

/**
 * Adds the signatures of the logs' key to the statements that two approvers signed. Signatures of
 * others are left out.
 * @throws LogError unsigned, wrong_signature
 */
export async function signDeclaration(
  signer: LogSigner,
  logs: readonly DeclaredLog[],
): Promise<readonly DeclaredLog[]> {
  const signed: DeclaredLog[] = [];
  for (let from = 0; from < logs.length; from += AT_ONCE)
    signed.push(
      ...(await Promise.all(logs.slice(from, from + AT_ONCE).map((log) => signLog(signer, log)))),
    );
  return signed;
}

async function signLog(signer: LogSigner, { restore, note }: DeclaredLog): Promise<DeclaredLog> {
  const { sha256 } = nodeChecks;
  const approvals = assertApproved(nodeChecks, restore, note).flatMap(
    (key) => signatureBy(sha256, note, key) ?? [],
  );
  const own = await signaturesOf(signer, restore.origin, note.text);
  return { restore, note: { text: note.text, signatures: [...approvals, ...own] } };
}
