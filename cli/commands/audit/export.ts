import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assertActionFilter } from "../../../audit/export/action-filter.ts";
import { matches, parseEntry, type EntryFilter } from "../../../audit/export/entry-filter.ts";
import {
  lineFormatNames,
  lineFormats,
  type LineFormatName,
} from "../../../audit/export/formats.ts";
import { isCheckpoint } from "../../../audit/export/is-checkpoint.ts";
import { fileOf, signManifest } from "../../../audit/export/manifest.ts";
import { readPages } from "../../../audit/export/read-pages.ts";
import { checkedLog } from "../../../audit/read/checked-log.ts";
import { restorePath } from "../../../audit/verify/restore-files.ts";
import { pathsOf } from "../../../audit/verify/verify-log.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { progressBar } from "../../progress.ts";
import { timeOf } from "../moments.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { notWritten, writeExport, writeExported } from "./export-folder.ts";
import { ExportedIds, writeNames } from "./export-names.ts";
import { auditReading } from "./audit-reading.ts";
import { withLog, type LogChoice, type OpenLog } from "./open-log.ts";

/** Files that one transaction reads. */
const FILES_AT_ONCE = 64;

export const exportFormats = ["tiles", ...lineFormatNames] as const;

export interface ExportOptions extends LogChoice {
  readonly format: (typeof exportFormats)[number];
  /** The folder to write to. It is created if needed and must not hold another export. */
  readonly out: string;
  readonly from?: string;
  readonly until?: string;
  readonly actor?: string;
  readonly subject?: string;
  readonly action?: string;
  /** Also write the names of the accounts that the entries name by id. */
  readonly names?: true;
}

/**
 * Writes a log, or the entries that match the filter, with a signed manifest.
 * @throws CommandError; AuditError audit_action_unknown, audit_log_altered
 */
export async function exportLog(settings: Settings, options: ExportOptions): Promise<string> {
  assertActionFilter(options.action);
  const filter = filterOf(options);
  const isFiltered = Object.values(filter).some((value: unknown) => value !== undefined);
  if (options.format === "tiles" && isFiltered)
    throw new CommandError(
      "Tiles are the whole log and cannot be filtered. Choose another --format.",
    );
  // Only the entries of audit logs have the fields of a filter, of csv and of the other systems'
  // formats.
  const asEntries = isFiltered || !["tiles", "jsonl"].includes(options.format);
  const chooses = isFiltered || (options.operator === true && asEntries);
  if (options.keys === true && asEntries)
    throw new CommandError(
      "The key log holds device changes. Export it without a filter, as tiles or jsonl.",
    );
  const { tenant: slug, names } = options;
  if (names === true && (options.format === "tiles" || slug === undefined || options.keys === true))
    throw new CommandError(
      "--names needs --tenant and another --format than tiles, because tiles are the log alone.",
    );
  const named = names === true ? new ExportedIds() : undefined;
  const said = await withLog(settings, options, async (log, { pool }) => {
    if (log.minimumIndex > log.checkpoint.size)
      throw new CommandError("Every entry below the chosen head was pruned. Choose a later head.");
    const { format, from, until, actor, subject, action } = options;
    const { size } = log.checkpoint;
    const details = { format, from, until, actor, subject, action, size, names };
    await auditReading(settings, pool, log, options, { action: "audit.export", details });
    const entries = await writeExport(options.out, (folder) =>
      writeFiles(pool, log, folder, options.format, chooses ? filter : undefined, named),
    );
    const told = log.refusal && ` New entries were not added to the log: ${log.refusal.message}`;
    return `Exported ${entries} of ${log.checkpoint.size} entries of ${log.origin} to ${options.out}.${told ?? ""}`;
  });
  if (named !== undefined && slug !== undefined)
    await writeNames(settings, slug, options.out, named.ids);
  return said;
}

/** Writes the export to an empty folder. @returns the number of exported entries */
async function writeFiles(
  pool: Pool,
  log: OpenLog,
  folder: string,
  format: ExportOptions["format"],
  filter: EntryFilter | undefined,
  named: ExportedIds | undefined,
): Promise<number> {
  const { entries, sha256 } =
    format === "tiles"
      ? await exportTiles(pool, log, folder)
      : await exportLines(pool, log, format, filter, folder, named);
  const manifest = await signManifest(log.signer, {
    origin: log.origin,
    format,
    filter: { ...filter },
    entries,
    minimumIndex: log.minimumIndex,
    checkpoint: log.note,
    ...(sha256 !== undefined && { sha256 }),
  });
  await writeExported(join(folder, "manifest"), manifest);
  return entries;
}

function filterOf({ from, until, actor, subject, action }: ExportOptions): EntryFilter {
  return { fromMs: timeOf(from), untilMs: timeOf(until), actor, subject, action };
}

async function exportTiles(pool: Pool, log: OpenLog, out: string) {
  const { note, minimumIndex } = log;
  const { size } = log.checkpoint;
  const paths = [...pathsOf(size)];
  const bar = progressBar("files");
  const made = new Set<string>();
  for (let from = 0; from < paths.length; from += FILES_AT_ONCE)
    await inTransaction(pool, log.log, async (client) => {
      const { source } = checkedLog(client, log);
      for (const [at, path] of paths.slice(from, from + FILES_AT_ONCE).entries()) {
        const bytes = await source.read(path);
        // Only pruned bundles may be missing.
        if (bytes === undefined && !path.startsWith("tile/entries/"))
          throw new CommandError(`${path} is not in the database: the log is damaged.`);
        if (bytes !== undefined) await writeInto(out, path, bytes, made);
        bar.update(from + at + 1, paths.length);
      }
    });
  bar.end();
  await exportRestores(pool, log, out, made);
  await writeExported(join(out, "checkpoint"), note);
  return {
    entries: size - minimumIndex,
    sha256: undefined,
  };
}

/** Writes what the log's key signed about restores, which explains an earlier, larger checkpoint. */
async function exportRestores(
  pool: Pool,
  log: OpenLog,
  out: string,
  made: Set<string>,
): Promise<void> {
  for (let number = 1; ; number++) {
    const path = restorePath(number);
    const note = await inTransaction(pool, log.log, (client) =>
      checkedLog(client, log).source.read(path),
    );
    if (note === undefined) return;
    await writeInto(out, path, note, made);
  }
}

/** @param made folders that are known to exist */
async function writeInto(
  out: string,
  path: string,
  bytes: Uint8Array,
  made: Set<string>,
): Promise<void> {
  const folder = dirname(join(out, path));
  if (!made.has(folder)) await mkdir(folder, { recursive: true }).catch(notWritten);
  made.add(folder);
  await writeExported(join(out, path), bytes);
}

async function exportLines(
  pool: Pool,
  log: OpenLog,
  format: LineFormatName,
  filter: EntryFilter | undefined,
  out: string,
  named: ExportedIds | undefined,
) {
  const { origin, checkpoint, minimumIndex, signer } = log;
  const { header, line } = lineFormats[format];
  // The checkpoints of the operator's log are no events.
  const isChosen = (bytes: Uint8Array) => {
    if (filter === undefined) return true;
    const entry = parseEntry(bytes);
    return entry === undefined ? !isCheckpoint(bytes, signer.publicKey) : matches(entry, filter);
  };
  const file = await open(join(out, fileOf(format)), "wx").catch(notWritten);
  const digest = createHash("sha256");
  const bar = progressBar("entries");
  let entries = 0;
  const write = async (text: string) => {
    digest.update(text);
    await file.appendFile(text).catch(notWritten);
  };
  try {
    await write(header);
    for await (const page of readPages(pool, log, minimumIndex, checkpoint.size)) {
      const chosen = page.filter(({ entry }) => isChosen(entry));
      entries += chosen.length;
      if (named !== undefined) for (const { entry } of chosen) named.add(entry);
      await write(chosen.map((entry) => line(entry, origin)).join(""));
      bar.update((page.at(-1)?.index ?? 0) + 1, checkpoint.size);
    }
    await file.sync().catch(notWritten);
  } finally {
    await file.close();
    bar.end();
  }
  return { entries, sha256: digest.digest("hex") };
}
