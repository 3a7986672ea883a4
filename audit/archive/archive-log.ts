import { equalBytes, utf8 } from "../../crypto/wire/bytes.ts";
import { AuditError } from "../audit-error.ts";
import { nodeChecks } from "../node-checks.ts";
import { openCheckpoint, type Checkpoint } from "../verify/checkpoint.ts";
import { restorePath } from "../verify/restore-files.ts";
import { LogError } from "../verify/log-error.ts";
import { rangeRoots, type LogSource } from "../verify/log-source.ts";
import { parseNote, type NoteKey } from "../verify/note.ts";
import { parseTilePath, TILE_WIDTH } from "../verify/tile.ts";
import { pathsOf } from "../verify/verify-log.ts";
import { addSignatures } from "./add-signatures.ts";
import type { ArchiveStore } from "./archive-store.ts";

/** The log as it is now: its signed head and its files. */
export interface ArchivedLog {
  readonly source: LogSource;
  readonly note: string;
  readonly checkpoint: Checkpoint;
  readonly key: NoteKey;
  /** The witnesses whose cosignatures can be checked. */
  readonly witnesses?: readonly NoteKey[];
}

/**
 * Brings an archive up to the log's head. It does not write whole tiles again, and it writes the
 * checkpoint last. It adds missing cosignatures to a head that is already archived. It writes
 * nothing if the log does not extend what was archived.
 * @returns how many files were written
 * @throws AuditError audit_log_behind, audit_log_inconsistent, audit_checkpoint_invalid
 */
export async function archiveLog(
  store: ArchiveStore,
  log: ArchivedLog,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<number> {
  const { source, note, checkpoint } = log;
  const archived = await store.checkpoint();
  const before = archived === undefined ? 0 : await sizeBefore(archived, log);
  if (archived !== undefined && before === checkpoint.size) {
    const cosigned = addSignatures(archived, parseNote(note).signatures, log.witnesses ?? []);
    if (cosigned === archived) return 0;
    await store.put("checkpoint", utf8(cosigned));
    return 1;
  }
  const paths = [...pathsOf(checkpoint.size)].filter((path) => !isWholeIn(path, before));
  let written = 0;
  for (const [done, path] of paths.entries()) {
    const bytes = await source.read(path);
    // Bundles may be pruned, hashes never.
    if (bytes === undefined && !path.startsWith("tile/entries/"))
      throw new AuditError("audit_log_inconsistent", "Tiles of the log are missing.");
    if (bytes !== undefined) {
      await store.put(path, bytes);
      written++;
    }
    onProgress(done + 1, paths.length);
  }
  for (let number = 1; number <= (checkpoint.restores ?? 0); number++) {
    const statement = await source.read(restorePath(number));
    if (statement === undefined)
      throw new AuditError(
        "audit_log_inconsistent",
        `The statement about restore ${number} of the log is missing.`,
      );
    await store.put(restorePath(number), statement);
    written++;
  }
  await store.put("checkpoint", utf8(note));
  return written + 1;
}

async function sizeBefore(note: string, { source, checkpoint, key }: ArchivedLog): Promise<number> {
  const archived = openArchived(note, key);
  const { name: origin } = key;
  if (archived.size > checkpoint.size)
    throw new AuditError(
      "audit_log_behind",
      `The log ${origin} has ${checkpoint.size} entries; ${archived.size} were archived.`,
    );
  const root = await rangeRoots(nodeChecks.sha256, source, checkpoint.size)(0, archived.size);
  if (!equalBytes(root, archived.root))
    throw new AuditError(
      "audit_log_inconsistent",
      `The log ${origin} is not the one that was archived.`,
    );
  return archived.size;
}

function openArchived(note: string, key: NoteKey): Checkpoint {
  try {
    return openCheckpoint(nodeChecks, note, key);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new AuditError(
      "audit_checkpoint_invalid",
      "The archive belongs to another log or another key.",
      {
        cause,
      },
    );
  }
}

/** Returns whether the tile or bundle at this path is full in a tree of `size`. */
function isWholeIn(path: string, size: number): boolean {
  const parsed = parseTilePath(path);
  const { level, index, width } =
    parsed.kind === "tile" ? parsed.tile : { level: 0, index: parsed.index, width: parsed.width };
  return width === TILE_WIDTH && (index + 1) * TILE_WIDTH ** (level + 1) <= size;
}
