import { readFile } from "node:fs/promises";
import { formatAdoption, headLine, parseAdoption } from "../../../../audit/adopt/adoption.ts";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import { parseApproverKey } from "../../../../audit/restore/approver-key.ts";
import { APPROVALS, isSameKey } from "../../../../audit/verify/approvers.ts";
import { approversWhoSigned } from "../../../../audit/verify/log-restore.ts";
import { readPrivateFile, replaceFile } from "../../../../keys/private-file.ts";
import { CommandError } from "../../../settings.ts";

/**
 * Shows the heads that would be adopted and adds one person's signature. It needs no database.
 * @throws CommandError, LogError
 */
export async function signAdoption(
  file: string,
  options: { readonly key: string },
): Promise<string> {
  const approver = parseApproverKey((await readPrivateFile(options.key)).toString());
  const { adoption, note } = parseAdoption(await readFile(file, "utf8"));
  const { name } = approver.key;
  if (!adoption.approvers.some((key) => isSameKey(key, approver.key)))
    throw new CommandError(`${name} with this key is not an approver of this statement.`);
  const others = note.signatures.filter((signature) => signature.name !== name);
  const signed = { text: note.text, signatures: [...others, approver.sign(note.text)] };
  await replaceFile(file, formatAdoption(signed));
  const count = approversWhoSigned(nodeChecks, adoption, signed).length;
  return [
    `declared ${new Date(adoption.declaredAtMs).toISOString()}`,
    `reason ${adoption.reason}`,
    ...adoption.heads.map(headLine),
    count < APPROVALS
      ? `${name} signed it. Another approver must sign it too.`
      : `${name} signed it. It can be applied: sealdesk audit adopt apply ${file}`,
  ].join("\n");
}
