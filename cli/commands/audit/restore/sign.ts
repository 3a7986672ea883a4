import { readFile } from "node:fs/promises";
import { parseApproverKey } from "../../../../audit/restore/approver-key.ts";
import { APPROVALS } from "../../../../audit/restore/approvers.ts";
import {
  approversOf,
  parseDeclaration,
  parseUnsigned,
} from "../../../../audit/restore/declaration.ts";
import { formatNote } from "../../../../audit/verify/note.ts";
import { equalBytes } from "../../../../crypto/wire/bytes.ts";
import { replaceFile } from "../../../../keys/private-file.ts";
import type { Print } from "../../../output.ts";
import { CommandError } from "../../../settings.ts";

/** Adds the signature of one person to a declaration. It needs no database and no other key. */
export async function signCommand(
  file: string,
  options: { readonly key: string },
  print: Print,
): Promise<void> {
  const approver = parseApproverKey(await readFile(options.key, "utf8"));
  const note = parseUnsigned(await readFile(file, "utf8"));
  const declaration = parseDeclaration(note.text);
  const { name, publicKey } = approver.key;
  const isAsked = declaration.approvers.some(
    (each) => each.name === name && equalBytes(each.publicKey, publicKey),
  );
  if (!isAsked)
    throw new CommandError(`${name} with this key is not an approver of this declaration.`);
  await print(note.text);
  const before = approversOf(declaration, note);
  if (before.some((each) => each.name === name)) return print(`${name} signed it already.`);
  const signatures = [...note.signatures, approver.sign(note.text)];
  await replaceFile(file, formatNote(note.text, signatures));
  const missing = APPROVALS - before.length - 1;
  await print(
    missing > 0
      ? `${name} signed it. Another approver must sign it too.`
      : `${name} signed it. It can be applied: sealdesk audit restore apply ${file}`,
  );
}
