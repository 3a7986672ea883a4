import { setTimeout as pause } from "node:timers/promises";
import { lineFormats } from "../../../audit/export/formats.ts";
import { readPages } from "../../../audit/export/read-pages.ts";
import { readCheckpoint } from "../../../audit/read/database-log.ts";
import { parseCheckpointText } from "../../../audit/verify/checkpoint.ts";
import { parseNote } from "../../../audit/verify/note.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { Print } from "../../output.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withLog, type LogChoice } from "./open-log.ts";

export interface TailOptions extends LogChoice {
  readonly lines: string;
  readonly follow?: true;
}

const POLL_MS = 500;

/** Prints the last signed entries and, with `follow`, new ones as they are signed. */
export async function tailLog(
  settings: Settings,
  options: TailOptions,
  print: Print,
): Promise<void> {
  const lines = Number(options.lines);
  if (!Number.isSafeInteger(lines) || lines < 0)
    throw new CommandError("--lines takes a number, 0 or more.");
  await withLog(settings, options, async ({ log, origin, checkpoint, minimumIndex }, { pool }) => {
    let from = Math.max(minimumIndex, checkpoint.size - lines);
    for (let until = checkpoint.size; ;) {
      for await (const page of readPages(pool, log, from, until))
        for (const entry of page) await print(lineFormats.jsonl.line(entry, origin).trimEnd());
      if (options.follow !== true) return;
      from = until;
      await pause(POLL_MS);
      const note = await inTransaction(pool, log, (client) => readCheckpoint(client, log));
      until = note === undefined ? from : parseCheckpointText(parseNote(note).text).size;
    }
  });
}
