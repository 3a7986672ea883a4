/** The signed statement that a log was restored from a backup, so that it lost its last entries. */
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { openCheckpoint, type Checkpoint, type TreeHead } from "./checkpoint.ts";
import type { LogSource } from "./log-source.ts";
import { LogError } from "./log-error.ts";
import { assertSignature, isKeyName, parseNote, type Checks, type NoteKey } from "./note.ts";
import { HASH_BYTES } from "./tree-hash.ts";

/** Which entries of a log a restore lost. */
export interface RestoredLog {
  readonly origin: string;
  /** 1 for the first restore of this log, 2 for the second. */
  readonly restores: number;
  /** The largest head that was published. */
  readonly published: TreeHead;
  /** The head from which the log continues. The entries above it, up to `published`, are lost. */
  readonly continues: TreeHead;
}

/** Why and when it was done. */
export interface RestoreCause {
  /** The time of the backup, in milliseconds since the Unix epoch. */
  readonly backupOfMs: number;
  readonly declaredAtMs: number;
  /** One line, which everyone who verifies the log reads. */
  readonly reason: string;
}

/** What the key of a log signs about a restore of this log. It names no other log. */
export interface LogRestore extends RestoredLog, RestoreCause {
  /** The people who approved it: the name and the id of each key. */
  readonly approvedBy: readonly string[];
  /** SHA-256 of the text of the declaration that they signed. */
  readonly declaration: Uint8Array;
}

// No checkpoint has an origin in its second line. So one key may sign both.
const HEADER = "sealdesk-log-restore/v1";

/** The text that is signed. */
export const logRestoreText = (restore: LogRestore): string =>
  [
    HEADER,
    restore.origin,
    `restores ${restore.restores}`,
    ...causeLines(restore),
    `published ${headText(restore.published)}`,
    `continues ${headText(restore.continues)}`,
    `approved-by ${restore.approvedBy.join(" ")}`,
    `declaration ${toBase64(restore.declaration)}`,
    "",
  ].join("\n");

/**
 * The statement in `note`, which the key of the log must have signed.
 * @throws LogError malformed, wrong_origin, unsigned, wrong_signature
 */
export function openLogRestore(
  checks: Checks,
  note: string | Uint8Array,
  key: NoteKey,
): LogRestore {
  const parsed = parseNote(note);
  assertSignature(checks, parsed, key);
  const restore = parseText(parsed.text);
  if (restore.origin !== key.name)
    throw new LogError("wrong_origin", "restore", `is not of the log ${key.name}.`);
  return restore;
}

function parseText(text: string): LogRestore {
  const [, origin = "", count = "", backup = "", declared = "", reason = "", ...rest] =
    text.split("\n");
  const [published = "", continues = "", approved = "", digest = ""] = rest;
  const restore: LogRestore = {
    origin,
    restores: Number(after("restores", count)),
    ...parseCause(backup, declared, reason),
    published: parseHead(after("published", published)),
    continues: parseHead(after("continues", continues)),
    approvedBy: after("approved-by", approved).split(" "),
    declaration: fromBase64(after("declaration", digest)) ?? new Uint8Array(0),
  };
  assertLost(restore);
  if (logRestoreText(restore) !== text || restore.declaration.length !== HASH_BYTES)
    throw malformed("does not have the form of a restore.");
  return restore;
}

/** Lines that a declaration and a statement have in common. */
export const causeLines = ({ backupOfMs, declaredAtMs, reason }: RestoreCause): string[] => [
  `backup-of ${new Date(backupOfMs).toISOString()}`,
  `declared ${new Date(declaredAtMs).toISOString()}`,
  `reason ${reason}`,
];

/** @throws LogError malformed */
export function parseCause(backup: string, declared: string, reason: string): RestoreCause {
  const cause = {
    backupOfMs: Date.parse(after("backup-of", backup)),
    declaredAtMs: Date.parse(after("declared", declared)),
    reason: after("reason", reason),
  };
  if (Number.isNaN(cause.backupOfMs) || Number.isNaN(cause.declaredAtMs))
    throw malformed("has a time that is none.");
  if (!isReason(cause.reason)) throw malformed("has a reason that is empty or too long.");
  return cause;
}

/** Whether it is one line of at most 300 characters that nobody can mistake for another line. */
export const isReason = (text: string): boolean =>
  /^[^\p{C}\p{Zl}\p{Zp}]{1,300}$/u.test(text) && text.trim() === text;

export const headText = ({ size, root }: TreeHead): string => `${size} ${toBase64(root)}`;

/** @throws LogError malformed */
export function parseHead(text: string): TreeHead {
  const [, size = "", encoded = ""] = /^(\d{1,16}) (\S+)$/.exec(text) ?? [];
  const root = fromBase64(encoded);
  if (!Number.isSafeInteger(Number(size)) || root?.length !== HASH_BYTES)
    throw malformed("has a head that is none.");
  return { size: Number(size), root };
}

/** @throws LogError malformed, if nothing was lost */
export function assertLost({ origin, restores, published, continues }: RestoredLog): void {
  const isCount = Number.isSafeInteger(restores) && restores > 0;
  if (!isKeyName(origin) || !isCount || continues.size >= published.size)
    throw malformed("names a log that lost nothing.");
}

/** The rest of a line that begins with `word`. */
const after = (word: string, line: string): string =>
  line.startsWith(`${word} `) ? line.slice(word.length + 1) : "";

const malformed = (why: string): LogError => new LogError("malformed", "restore", why);

/** The path of the statement about the nth restore, beside the files of a log. It begins with 1. */
export const restorePath = (restores: number): string => `restore/${restores}`;

/** Which restore a path is about; undefined if it is another path. */
export function restoreNumber(path: string): number | undefined {
  const [, number] = /^restore\/([1-9]\d{0,8})$/.exec(path) ?? [];
  return number === undefined ? undefined : Number(number);
}

/**
 * The statements about the restores of a log, from its files. There must be as many as its checkpoint
 * says.
 * @throws LogError missing, malformed, wrong_origin, unsigned, wrong_signature
 */
export async function readRestoreFiles(
  checks: Checks,
  source: LogSource,
  key: NoteKey,
): Promise<readonly LogRestore[]> {
  const signed = await source.read("checkpoint");
  if (signed === undefined) throw new LogError("missing", "checkpoint", "is not there.");
  const { restores: count = 0 } = openCheckpoint(checks, signed, key);
  const found: LogRestore[] = [];
  while (found.length < count) {
    const path = restorePath(found.length + 1);
    const note = await source.read(path);
    if (note === undefined) throw new LogError("missing", path, "is not there.");
    found.push(openLogRestore(checks, note, key));
  }
  return found;
}

/** What is left of a head after the restores of its log. */
export interface Survivor<R extends RestoredLog> {
  /** The head that the log must still extend. */
  readonly head: Checkpoint;
  /** The restores that lost entries of the given head, the earliest first. */
  readonly lostIn: readonly R[];
}

/**
 * Applies to a head all restores that lost some of its entries. A restore loses entries of a head
 * that was signed before it, is larger than the head from which the log continues, and is not larger
 * than the published one. Any other head stays as it is, so a shorter log still contradicts it.
 * @param restores of this or of other logs, already verified
 */
export function survivorOf<R extends RestoredLog>(
  head: Checkpoint,
  restores: readonly R[],
): Survivor<R> {
  const lostIn: R[] = [];
  let left = head;
  const ofLog = restores.filter(({ origin }) => origin === head.origin);
  for (const restore of ofLog.toSorted((a, b) => a.restores - b.restores))
    if (losesEntriesOf(restore, left)) {
      lostIn.push(restore);
      left = { origin: head.origin, ...restore.continues, restores: restore.restores };
    }
  return { head: left, lostIn };
}

function losesEntriesOf({ restores, published, continues }: RestoredLog, head: Checkpoint) {
  if ((head.restores ?? 0) >= restores || head.size <= continues.size) return false;
  if (head.size === published.size) return equalBytes(head.root, published.root);
  return head.size < published.size;
}
