/** The signed statement that a log was restored from a backup, so that it lost its last entries. */
import { equalBytes, utf8 } from "../../crypto/wire/bytes.ts";
import { APPROVALS, assertApprovers, isSameKey } from "./approvers.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import type { TreeHead } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import {
  assertSignature,
  formatNote,
  formatVkey,
  isKeyName,
  parseNote,
  parseVkey,
  signatureBy,
  type Checks,
  type Note,
  type NoteKey,
} from "./note.ts";
import { HASH_BYTES, type Sha256 } from "./tree-hash.ts";

/** The heads that tell which entries of a log a restore lost. */
export interface RestoredLog {
  readonly origin: string;
  /** 1 for the first restore of this log, 2 for the second. */
  readonly restores: number;
  /** The largest head that was known to be published. */
  readonly published: TreeHead;
  /**
   * The head from which the log continues. Every entry above it that was signed before the restore is
   * lost. If it is the published head, nothing is known to be lost.
   */
  readonly continues: TreeHead;
}

/** The reason and the time of a restore, and the people who may approve it. */
export interface RestoreCause {
  /** The time of the backup, in milliseconds since the Unix epoch. */
  readonly backupOfMs: number;
  readonly declaredAtMs: number;
  /** One line, which everyone who verifies the log reads. */
  readonly reason: string;
  /** The people who may approve it, as they were configured. Two of them must sign. */
  readonly approvers: readonly NoteKey[];
}

/**
 * The statement about a restore of one log. Two approvers and the key of the log sign it. It names
 * no other log.
 */
export interface LogRestore extends RestoredLog, RestoreCause {
  /** The same in the statements about all logs of one restore: a hash over all of them. */
  readonly declaration: Uint8Array;
}

/** A statement that two of its own approvers and the key of the log signed. */
export interface SignedRestore extends LogRestore {
  /** The approvers who signed it. */
  readonly approvedBy: readonly NoteKey[];
  /** The note with the signatures of these approvers and of the log's key, and no others. */
  readonly note: string;
}

// A checkpoint never has an origin in its second line. So one key may sign both.
export const RESTORE_HEADER = "sealdesk-log-restore/v1";
/** A larger number is in no statement and in no checkpoint. */
const MOST_RESTORES = 999_999_999;
const LONGEST_REASON_BYTES = 1_024;

/** Returns the text that is signed. */
export const logRestoreText = (sha256: Sha256, restore: LogRestore): string =>
  [
    RESTORE_HEADER,
    restore.origin,
    `restores ${restore.restores}`,
    `backup-of ${new Date(restore.backupOfMs).toISOString()}`,
    `declared ${new Date(restore.declaredAtMs).toISOString()}`,
    `reason ${restore.reason}`,
    `published ${headText(restore.published)}`,
    `continues ${headText(restore.continues)}`,
    `declaration ${toBase64(restore.declaration)}`,
    ...restore.approvers.map((key) => `approver ${formatVkey(sha256, key)}`),
    "",
  ].join("\n");

/**
 * Returns the statement in `note`. The key of the log and two of the approvers whom it names must
 * have signed it. This does not check whether you know these people; `assertTrusted` does.
 * @throws LogError malformed, wrong_origin, unsigned, wrong_signature
 */
export function openLogRestore(
  checks: Checks,
  note: string | Uint8Array,
  key: NoteKey,
): SignedRestore {
  const parsed = parseNote(note);
  assertSignature(checks, parsed, key);
  const restore = parseLogRestore(checks.sha256, parsed.text);
  if (restore.origin !== key.name)
    throw new LogError("wrong_origin", "restore", `is not of the log ${key.name}.`);
  const approvedBy = assertApproved(checks, restore, parsed);
  const signatures = [...approvedBy, key].flatMap(
    (each) => signatureBy(checks.sha256, parsed, each) ?? [],
  );
  return { ...restore, approvedBy, note: formatNote(parsed.text, signatures) };
}

/**
 * Requires that two people whose keys you know approved the restore. The log's key alone proves
 * nothing, because the person who removed the entries may have it.
 * @throws LogError unsigned
 */
export function assertTrusted(restore: SignedRestore, trusted: readonly NoteKey[]): void {
  if (isTrusted(restore, trusted)) return;
  const why =
    trusted.length === 0
      ? "no keys of approvers are known here, so no restore is accepted."
      : `${knownAmong(restore, trusted).length} of the known approvers signed it; ${APPROVALS} must.`;
  throw new LogError("unsigned", `restore ${restore.restores}`, why);
}

/** Returns whether two people whose keys you know approved the restore. */
export const isTrusted = (restore: SignedRestore, trusted: readonly NoteKey[]): boolean =>
  knownAmong(restore, trusted).length >= APPROVALS;

const knownAmong = ({ approvedBy }: SignedRestore, trusted: readonly NoteKey[]) =>
  approvedBy.filter((key) => trusted.some((each) => isSameKey(each, key)));

/**
 * Returns the statements among these notes that the key of the log and two of their approvers
 * signed. Other notes are left out, because anybody may have written them.
 */
export function openLogRestores(
  checks: Checks,
  notes: readonly string[],
  key: NoteKey,
): readonly SignedRestore[] {
  return notes.flatMap((note) => {
    try {
      return [openLogRestore(checks, note, key)];
    } catch (error) {
      if (error instanceof LogError) return [];
      throw error;
    }
  });
}

/**
 * Returns the approvers named in a statement who signed it. A key counts once, however often it
 * signed.
 * @throws LogError wrong_signature: a signature by an approver does not verify
 */
export function approversWhoSigned(
  checks: Checks,
  { approvers }: Pick<RestoreCause, "approvers">,
  note: Note,
): readonly NoteKey[] {
  const signed = approvers.filter((key) => signatureBy(checks.sha256, note, key) !== undefined);
  for (const key of signed) assertSignature(checks, note, key);
  return signed;
}

/** @throws LogError unsigned, wrong_signature */
export function assertApproved(
  checks: Checks,
  restore: RestoreCause,
  note: Note,
): readonly NoteKey[] {
  const signed = approversWhoSigned(checks, restore, note);
  if (signed.length >= APPROVALS) return signed;
  throw new LogError(
    "unsigned",
    "restore",
    `${signed.length} of its approvers signed it; ${APPROVALS} different people must.`,
  );
}

/** @throws LogError malformed */
export function parseLogRestore(sha256: Sha256, text: string): LogRestore {
  const [, origin = "", count = "", backup = "", declared = "", reason = "", ...rest] =
    text.split("\n");
  const [published = "", continues = "", digest = "", ...approvers] = rest;
  const restore: LogRestore = {
    origin,
    restores: Number(after("restores", count)),
    backupOfMs: Date.parse(after("backup-of", backup)),
    declaredAtMs: Date.parse(after("declared", declared)),
    reason: after("reason", reason),
    published: parseHead(after("published", published)),
    continues: parseHead(after("continues", continues)),
    declaration: fromBase64(after("declaration", digest)) ?? new Uint8Array(0),
    approvers: approvers.slice(0, -1).map((line) => parseVkey(sha256, after("approver", line))),
  };
  assertRestore(restore);
  if (logRestoreText(sha256, restore) !== text)
    throw malformed("does not have the form of a restore.");
  return restore;
}

/**
 * Requires that every reader of the statement can read all of it.
 * @throws LogError malformed
 */
export function assertRestore(restore: LogRestore): void {
  const { origin, restores, published, continues, backupOfMs, declaredAtMs } = restore;
  const isCount = Number.isSafeInteger(restores) && restores > 0 && restores <= MOST_RESTORES;
  if (!isKeyName(origin) || !isCount) throw malformed("names no log, or no number of a restore.");
  const isSame = continues.size === published.size && equalBytes(continues.root, published.root);
  if (continues.size >= published.size && !isSame)
    throw malformed("continues from more entries than were published.");
  // Comparisons with NaN are false.
  if (!(backupOfMs >= 0 && declaredAtMs >= backupOfMs))
    throw malformed("has a time that is none, or was declared before the backup.");
  if (!isReason(restore.reason)) throw malformed("has a reason that is empty or too long.");
  if (restore.declaration.length !== HASH_BYTES) throw malformed("has a hash that is none.");
  assertApprovers(restore.approvers);
}

/**
 * Returns whether the text is one line of at most 300 characters and 1,024 bytes that cannot be
 * mistaken for another line.
 */
export const isReason = (text: string): boolean =>
  /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,300}$/u.test(text) &&
  text.trim() === text &&
  utf8(text).length <= LONGEST_REASON_BYTES;

const headText = ({ size, root }: TreeHead): string => `${size} ${toBase64(root)}`;

function parseHead(text: string): TreeHead {
  const [, size = "", encoded = ""] = /^(\d{1,16}) (\S+)$/.exec(text) ?? [];
  const root = fromBase64(encoded);
  if (!Number.isSafeInteger(Number(size)) || root?.length !== HASH_BYTES)
    throw malformed("has a head that is none.");
  return { size: Number(size), root };
}

/** Returns the rest of a line that begins with `word`. */
const after = (word: string, line: string): string =>
  line.startsWith(`${word} `) ? line.slice(word.length + 1) : "";

const malformed = (why: string): LogError => new LogError("malformed", "restore", why);
