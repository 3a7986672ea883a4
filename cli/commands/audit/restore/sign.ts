import { readFile } from "node:fs/promises";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import { parseApproverKey } from "../../../../audit/restore/approver-key.ts";
import {
  formatDeclaration,
  parseDeclaration,
  type DeclaredLog,
} from "../../../../audit/restore/declaration.ts";
import { APPROVALS, approverName, isSameKey } from "../../../../audit/verify/approvers.ts";
import { toBase64 } from "../../../../audit/verify/base64.ts";
import type { TreeHead } from "../../../../audit/verify/checkpoint.ts";
import { approversWhoSigned } from "../../../../audit/verify/log-restore.ts";
import type { NoteKey } from "../../../../audit/verify/note.ts";
import { readPrivateFile, replaceFile } from "../../../../keys/private-file.ts";
import type { Print } from "../../../output.ts";
import { CommandError } from "../../../settings.ts";
import { compareWithKept } from "./kept-log.ts";
import { lostLine } from "./lost-line.ts";

export interface SignOptions {
  /** The file with the private key. */
  readonly key: string;
  /** Folders with exports or archives that the signer kept. */
  readonly tiles?: readonly string[];
}

/**
 * Adds the signatures of one person to a declaration. It needs no database and no other key.
 * @throws CommandError, LogError if a log that the signer kept does not match the declaration
 */
export async function signCommand(file: string, options: SignOptions, print: Print): Promise<void> {
  const approver = parseApproverKey((await readPrivateFile(options.key)).toString());
  const logs = parseDeclaration(await readFile(file, "utf8"));
  const { name } = approver.key;
  if (!logs.every(({ restore }) => restore.approvers.some((key) => isSameKey(key, approver.key))))
    throw new CommandError(`${name} with this key is not an approver of this declaration.`);
  await print(shown(logs));
  const restored = logs.map(({ restore }) => restore);
  for (const folder of options.tiles ?? []) await print(await compareWithKept(restored, folder));
  if (options.tiles === undefined)
    await print(
      "Nothing was compared. That the entries before these are unchanged is only what the writer of this file says. Give --tiles with an export that you kept.",
    );
  const before = signersOf(logs);
  if (before.some((key) => isSameKey(key, approver.key)))
    return print(`${name} signed it already.`);
  const signed = logs.map(({ restore, note }) => {
    const others = note.signatures.filter((signature) => signature.name !== name);
    return { restore, note: { ...note, signatures: [...others, approver.sign(note.text)] } };
  });
  await replaceFile(file, formatDeclaration(signed));
  const missing = APPROVALS - before.length - 1;
  await print(
    missing > 0
      ? `${name} signed it. Another approver must sign it too.`
      : `${name} signed it. It can be applied: sealdesk audit restore apply ${file}`,
  );
}

/** Returns the approvers who signed every statement. */
function signersOf(logs: readonly DeclaredLog[]): readonly NoteKey[] {
  const [first = [], ...rest] = logs.map(({ restore, note }) =>
    approversWhoSigned(nodeChecks, restore, note),
  );
  return first.filter((key) => rest.every((keys) => keys.some((each) => isSameKey(each, key))));
}

/** Returns the statements in a form that a person can read before signing. */
function shown(logs: readonly DeclaredLog[]): string {
  const cause = logs[0]?.restore;
  const time = (ms: number | undefined) => new Date(ms ?? 0).toISOString();
  return [
    `backup-of ${time(cause?.backupOfMs)}`,
    `declared ${time(cause?.declaredAtMs)}`,
    `reason ${cause?.reason}`,
    ...(cause?.approvers ?? []).map((key) => `approver ${approverName(nodeChecks.sha256, key)}`),
    ...logs.flatMap(({ restore }) => [
      lostLine(restore),
      `  restores ${restore.restores}`,
      `  published ${headLine(restore.published)}`,
      `  continues ${headLine(restore.continues)}`,
    ]),
  ].join("\n");
}

const headLine = ({ size, root }: TreeHead): string => `${size} ${toBase64(root)}`;
