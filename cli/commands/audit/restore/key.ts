import { readFile } from "node:fs/promises";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import { createApproverKey, parseApproverKey } from "../../../../audit/restore/approver-key.ts";
import { isApproverName } from "../../../../audit/verify/approvers.ts";
import { formatVkey } from "../../../../audit/verify/note.ts";
import { writeFileOnce } from "../../../../keys/private-file.ts";
import { CommandError } from "../../../settings.ts";

/**
 * Makes the key with which one person approves restores.
 * @returns its verifier key, for AUDIT_RESTORE_APPROVERS
 */
export async function createKeyCommand(options: {
  readonly name: string;
  readonly out: string;
}): Promise<string> {
  if (!isApproverName(options.name))
    throw new CommandError(
      "--name takes at most 100 letters, digits and . _ @ / : - such as alice.example.",
    );
  if (!(await writeFileOnce(options.out, createApproverKey(options.name))))
    throw new CommandError(`${options.out} exists already. Choose another file.`);
  const { key } = parseApproverKey(await readFile(options.out, "utf8"));
  return formatVkey(nodeChecks.sha256, key);
}
