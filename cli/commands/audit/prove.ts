import { writeFile } from "node:fs/promises";
import { parseEntry } from "../../../audit/export/entry-filter.ts";
import { readPages } from "../../../audit/export/read-pages.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import type { IndexedEntry } from "../../../audit/read/checked-log.ts";
import { tileRows } from "../../../audit/read/tile-rows.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { inclusionProof } from "../../../audit/verify/proofs.ts";
import { formatTlogProof } from "../../../audit/verify/tlog-proof.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { auditReading } from "./audit-reading.ts";
import { withLog, type LogChoice, type OpenLog } from "./open-log.ts";

export interface ProveOptions extends LogChoice {
  /** Exactly one of `index` and `event` is given. */
  readonly index?: string;
  readonly event?: string;
  /** Prefix of the two files that are written: `<out>.tlog-proof` and `<out>.entry`. */
  readonly out: string;
}

/** Writes one entry and the proof that it is in the log. */
export async function proveEntry(settings: Settings, options: ProveOptions): Promise<string> {
  return withLog(settings, options, async (log, { pool }) => {
    const details = { index: options.index, event: options.event };
    await auditReading(settings, pool, log, options, { action: "audit.prove", details });
    const { index, entry } = await findEntry(pool, log, options);
    const { size } = log.checkpoint;
    const proof = await inTransaction(pool, log.log, (client) => {
      const roots = rangeRoots(nodeChecks.sha256, tileRows(client, log.log), size);
      return inclusionProof(roots, index, size);
    });
    await writeFile(
      `${options.out}.tlog-proof`,
      formatTlogProof({ index, proof, checkpoint: log.note }),
    );
    await writeFile(`${options.out}.entry`, entry);
    return `Wrote ${options.out}.tlog-proof and ${options.out}.entry: entry ${index} of ${size} in ${log.origin}.`;
  });
}

async function findEntry(
  pool: Pool,
  log: OpenLog,
  { index: text, event }: ProveOptions,
): Promise<IndexedEntry> {
  const { minimumIndex, checkpoint } = log;
  const { size } = checkpoint;
  const index = Number(text);
  if ((text === undefined) === (event === undefined))
    throw new CommandError("Give one entry: either --index <number> or --event <eventId>.");
  const isInLog = Number.isSafeInteger(index) && index >= 0 && index < size;
  const pages =
    text === undefined
      ? readPages(pool, log, minimumIndex, size)
      : readPages(pool, log, isInLog ? index : 0, isInLog ? index + 1 : 0);
  for await (const page of pages) {
    const found = page.find(
      ({ entry }) => event === undefined || parseEntry(entry)?.eventId === event,
    );
    if (found !== undefined) return found;
  }
  throw new CommandError(
    "The log has no such entry. It may be pruned, or not added to the log yet.",
  );
}
