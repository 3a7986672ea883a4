import { setTimeout as pause } from "node:timers/promises";
import { lineFormats } from "../../../audit/export/formats.ts";
import { readPages } from "../../../audit/export/read-pages.ts";
import type { SignedHead } from "../../../audit/read/checked-log.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { Print } from "../../output.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { auditReading } from "./audit-reading.ts";
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
  await withLog(settings, options, async (opened, { pool }) => {
    const { log, origin, checkpoint, minimumIndex } = opened;
    const details = { lines, follow: options.follow === true };
    await auditReading(settings, pool, opened, options, { action: "audit.tail", details });
    const heads = new KnownHeads(opened.signer.publicKey);
    let from = Math.max(minimumIndex, checkpoint.size - lines);
    for (let signed: SignedHead = opened; ;) {
      const until = Math.max(from, signed.checkpoint.size);
      for await (const page of readPages(pool, signed, from, until))
        for (const entry of page) await print(lineFormats.jsonl.line(entry, origin).trimEnd());
      if (options.follow !== true) return;
      from = until;
      await pause(POLL_MS);
      signed = (await inTransaction(pool, log, (client) => heads.open(client, log))) ?? signed;
    }
  });
}
