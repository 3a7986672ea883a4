import { nodeChecks } from "../../../../audit/node-checks.ts";
import {
  parseCheckpointText,
  type Checkpoint,
  type TreeHead,
} from "../../../../audit/verify/checkpoint.ts";
import { LogError } from "../../../../audit/verify/log-error.ts";
import type { RestoredLog } from "../../../../audit/verify/log-restore.ts";
import { rangeRoots } from "../../../../audit/verify/log-source.ts";
import { parseNote } from "../../../../audit/verify/note.ts";
import { emptyRoot } from "../../../../audit/verify/tree-hash.ts";
import { equalBytes } from "../../../../crypto/wire/bytes.ts";
import { CommandError } from "../../../settings.ts";
import { logFiles } from "../log-files.ts";

/**
 * Compares a declaration with an export or archive that the signer kept. The log there must have
 * the head from which the declared log continues, so that no earlier entry can be exchanged. If it
 * has as many entries as were published, it must have that head too.
 * @returns a sentence about the proof
 * @throws CommandError, LogError if it is not proven
 */
export async function compareWithKept(
  declared: readonly RestoredLog[],
  folder: string,
): Promise<string> {
  const source = logFiles(folder);
  const note = await source.read("checkpoint");
  if (note === undefined) throw new LogError("missing", `${folder}/checkpoint`, "is not there.");
  const kept: Checkpoint = parseCheckpointText(parseNote(note).text);
  const { origin, size } = kept;
  const restored = declared.find((each) => each.origin === origin);
  if (restored === undefined)
    throw new CommandError(`The declaration does not name the log ${origin} in ${folder}.`);
  const { continues, published } = restored;
  if (size < continues.size)
    throw new CommandError(
      `The log in ${folder} has ${size} entries, but ${origin} continues after ${continues.size}. Nothing proves the entries between. Use a later export.`,
    );
  const rootOver = rangeRoots(nodeChecks.sha256, source, size);
  const assertHas = async (head: TreeHead) => {
    const root = head.size === 0 ? emptyRoot(nodeChecks.sha256) : await rootOver(0, head.size);
    if (!equalBytes(root, head.root))
      throw new LogError(
        "forked",
        `${origin}, entries 0 to ${head.size - 1}`,
        `differ from the log in ${folder}. Do not sign: the declaration exchanges them.`,
      );
  };
  await assertHas(kept);
  await assertHas(continues);
  if (size >= published.size) await assertHas(published);
  return `${origin}: the log in ${folder} has the ${continues.size} entries from which it continues.`;
}
