import { setTimeout as pause } from "node:timers/promises";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import {
  isLaterHead,
  openCheckpoint,
  type Checkpoint,
} from "../../../../audit/verify/checkpoint.ts";
import { LogError } from "../../../../audit/verify/log-error.ts";
import { assertTrusted, type SignedRestore } from "../../../../audit/verify/log-restore.ts";
import type { LogSource } from "../../../../audit/verify/log-source.ts";
import type { NoteKey } from "../../../../audit/verify/note.ts";
import { readRestoreFiles } from "../../../../audit/verify/restore-files.ts";
import { survivorAt, uncutHeads } from "../../../../audit/verify/survivor.ts";
import { assertExtends, verifyGrowth } from "../../../../audit/verify/verify-growth.ts";
import { verifyLog } from "../../../../audit/verify/verify-log.ts";
import type { KeptHead } from "./heads-elsewhere.ts";

export interface Round {
  readonly key: NoteKey;
  /** The people who may approve a restore. */
  readonly approvers: readonly NoteKey[];
  /** The head that was verified last. Undefined at first. */
  readonly last: Checkpoint | undefined;
  /** Read every entry, and not only those above the last head. */
  readonly isWhole: boolean;
  /** Entries below this index may be missing. */
  readonly prunedBelow: number;
  /** Heads of this log that others keep. They were read before the log. */
  readonly elsewhere: readonly KeptHead[];
  /** For how long the log may be behind a head that another keeps. */
  readonly behindMs: number;
}

export interface RoundAnswer {
  readonly head: Checkpoint;
  /** The checkpoint as it was served. */
  readonly signed: Uint8Array;
  /** The restores since the last head, the earliest first. */
  readonly passed: readonly SignedRestore[];
  /** The index of the first entry that was read. */
  readonly from: number;
}

const RETRY_MS = 1_000;

/**
 * Looks at a log once: it must extend the head that was verified last and every head that others keep,
 * and its entries must lead to its signed root.
 * @throws LogError, whose `place` is the first place with a fault
 */
export async function verifyRound(source: LogSource, round: Round): Promise<RoundAnswer> {
  const { key, approvers, last, isWhole, prunedBelow, elsewhere } = round;
  const signed = await readUpTo(source, round);
  // The log may grow meanwhile, so the round keeps to one head.
  const log: LogSource = {
    read: async (path) => (path === "checkpoint" ? signed : source.read(path)),
  };
  const head = openCheckpoint(nodeChecks, signed, key);
  const restores = await readRestoreFiles(nodeChecks, log, key);
  const requiredOf = (earlier: Checkpoint) => {
    const passage = survivorAt(earlier, head, restores);
    for (const restore of passage.passed) assertTrusted(restore, approvers);
    return passage;
  };
  const passage = last && requiredOf(last);
  const known = passage?.required ?? uncutHeads(restores.map(({ continues }) => continues));
  // A head of another history is a fault at once, however long it takes to read the entries.
  for (const each of known) await assertExtends(nodeChecks, log, each, head);
  for (const { head: other, where } of elsewhere)
    try {
      for (const each of requiredOf(other).required)
        await assertExtends(nodeChecks, log, each, head);
    } catch (cause) {
      if (!(cause instanceof LogError)) throw cause;
      throw new LogError(
        cause.code,
        where,
        `keeps a head that the log does not extend. ${cause.message}`,
        { cause },
      );
    }
  const passed = passage?.passed ?? [];
  // A restore took entries away, and others came in their place.
  const kept = Math.min(last?.size ?? 0, ...passed.map(({ continues }) => continues.size));
  const from = isWhole ? 0 : kept;
  if (from === 0) await verifyLog(nodeChecks, log, { key, old: known, prunedBelow });
  else await verifyGrowth(nodeChecks, log, { key, from });
  return { head, signed, passed, from };
}

/**
 * Reads the checkpoint. A server keeps a head outside a moment before it serves it, so a log that is
 * behind such a head gets some time.
 */
async function readUpTo(
  source: LogSource,
  { key, elsewhere, behindMs }: Round,
): Promise<Uint8Array> {
  for (const untilMs = performance.now() + behindMs; ; await pause(RETRY_MS)) {
    const signed = await source.read("checkpoint");
    if (signed === undefined) throw new LogError("missing", "checkpoint", "is not there.");
    const head = openCheckpoint(nodeChecks, signed, key);
    const isBehind = elsewhere.some((kept) => isLaterHead(kept.head, head));
    if (!isBehind || performance.now() >= untilMs) return signed;
  }
}
