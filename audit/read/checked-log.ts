import { equalBytes, utf8 } from "../../crypto/wire/bytes.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { int8Array } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import { altered } from "../audit-error.ts";
import { nodeChecks } from "../node-checks.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { encodeBundle } from "../verify/entry-bundle.ts";
import { LogError } from "../verify/log-error.ts";
import type { LogSource } from "../verify/log-source.ts";
import type { NoteKey } from "../verify/note.ts";
import { ProvenTiles } from "../verify/proven-tiles.ts";
import { restoreNumber } from "../verify/restore-files.ts";
import { parseTilePath, TILE_WIDTH } from "../verify/tile.ts";
import { HASH_BYTES, leafHash } from "../verify/tree-hash.ts";
import { readLogInfo, readLogRestores, type LogInfo } from "./log-info.ts";
import { tileRows } from "./tile-rows.ts";

const { sha256 } = nodeChecks;

/** A signed head of a log. Its signature was checked. */
export interface SignedHead extends LogInfo {
  readonly log: LogId;
  /** The key that signed it. */
  readonly key: NoteKey;
  /** The checkpoint as a signed note, with cosignatures. */
  readonly note: string;
  readonly checkpoint: Checkpoint;
}

export interface IndexedEntry {
  readonly index: number;
  readonly entry: Uint8Array;
}

/**
 * The log in the database up to a signed head. Nothing is read from it that does not lead to that
 * head: each entry must have the hash of its leaf, and each tile must lead to the signed root.
 */
export interface CheckedLog extends SignedHead {
  /**
   * Returns the entries from `from` up to, but not including, `until`, in order. Pruned ones are
   * left out, and the range ends with the head.
   * @throws AuditError audit_log_altered, which names the first position that is wrong
   */
  entries(from: number, until: number): Promise<readonly IndexedEntry[]>;
  /**
   * Returns the entries with these indexes, which are ascending and below the head's size. Pruned ones
   * are left out.
   * @throws AuditError audit_log_altered, which names the first position that is wrong
   */
  entriesAt(indexes: readonly number[]): Promise<readonly IndexedEntry[]>;
  /**
   * The log as the files of C2SP tlog-tiles, with the statements of its restores. Reading a file
   * throws AuditError audit_log_altered, and LogError malformed if the path is not one.
   */
  readonly source: LogSource;
}

interface EntryRow {
  readonly index: number;
  /** Null if the entry was removed. */
  readonly entry: Uint8Array | null;
}

const SELECT = `
  select leaves.index, entries.entry
  from audit.leaves left join audit.entries on entries.id = leaves.entry
  where leaves.log = $1`;
const ENTRIES = `${SELECT} and leaves.index >= $2 and leaves.index < $3`;
const ENTRIES_AT = `${SELECT} and leaves.index = any($2::int8[])`;

/** @param client must be in a transaction that is fenced to the log */
export function checkedLog(client: Client, signed: SignedHead): CheckedLog {
  const { log, origin, key, note, checkpoint } = signed;
  const { size } = checkpoint;
  const tiles = new ProvenTiles(sha256, tileRows(client, log), checkpoint);
  const hashesOf = (level: number, index: number) =>
    tiles.hashes(level, index).catch((cause: unknown) => {
      if (!(cause instanceof LogError)) throw cause;
      throw altered(origin, cause.message, { cause });
    });

  async function leafOf(index: number): Promise<Uint8Array> {
    const hashes = await hashesOf(0, Math.floor(index / TILE_WIDTH));
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    return hashes.subarray(at, at + HASH_BYTES);
  }

  async function entries(from: number, until: number): Promise<readonly IndexedEntry[]> {
    const end = Math.min(until, size);
    if (from >= end) return [];
    const { rows } = await client.query<EntryRow>(ENTRIES, [log, from, end]);
    return check(
      rows,
      Array.from({ length: end - from }, (_, at) => from + at),
    );
  }

  async function entriesAt(indexes: readonly number[]): Promise<readonly IndexedEntry[]> {
    if (indexes.length === 0) return [];
    const { rows } = await client.query<EntryRow>(ENTRIES_AT, [log, int8Array(indexes)]);
    // One statement reads the tiles.
    const bundles = new Set(indexes.map((index) => Math.floor(index / TILE_WIDTH)));
    await Promise.all([...bundles].map((bundle) => hashesOf(0, bundle)));
    return check(rows, indexes);
  }

  async function check(
    rows: readonly EntryRow[],
    indexes: readonly number[],
  ): Promise<readonly IndexedEntry[]> {
    const found = new Map(rows.map(({ index, entry }) => [index, entry]));
    let { minimumIndex } = signed;
    const checked: IndexedEntry[] = [];
    for (const index of indexes) {
      const entry = found.get(index) ?? undefined;
      if (entry === undefined) {
        // It may have been pruned a moment ago, in one transaction with the new minimum.
        if (index >= minimumIndex) ({ minimumIndex } = await readLogInfo(client, log));
        if (index >= minimumIndex) throw altered(origin, `Entry ${index} was removed.`);
        continue;
      }
      if (!equalBytes(leafHash(sha256, entry), await leafOf(index)))
        throw altered(origin, `Entry ${index} is not the one that was signed.`);
      checked.push({ index, entry });
    }
    return checked;
  }

  async function read(path: string): Promise<Uint8Array | undefined> {
    if (path === "checkpoint") return utf8(note);
    const restore = restoreNumber(path);
    if (restore !== undefined) {
      const statements = await readLogRestores(client, key);
      const found = statements.find(({ restores }) => restores === restore);
      return found && utf8(found.note);
    }
    const parsed = parseTilePath(path);
    const { level, index, width } = parsed.kind === "tile" ? parsed.tile : { level: 0, ...parsed };
    if ((index * TILE_WIDTH + width) * TILE_WIDTH ** level > size) return undefined;
    if (parsed.kind === "tile")
      return (await hashesOf(level, index)).subarray(0, width * HASH_BYTES);
    const from = index * TILE_WIDTH;
    const bundle = await entries(from, from + width);
    if (bundle.length < width) return undefined;
    return encodeBundle(bundle.map(({ entry }) => entry));
  }

  return { ...signed, entries, entriesAt, source: { read: serialise(read) } };
}

/**
 * Runs calls of `work` one after another in the order of the calls, because a connection answers
 * one query at a time.
 */
function serialise<A extends readonly unknown[], T>(
  work: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const next = last.then(() => work(...args));
    last = next.catch(() => undefined);
    return next;
  };
}
