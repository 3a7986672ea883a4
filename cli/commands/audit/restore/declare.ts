import { readFile } from "node:fs/promises";
import { assertHolds } from "../../../../audit/integrate/assert-extends.ts";
import { openOurs } from "../../../../audit/integrate/open-ours.ts";
import { AuditError } from "../../../../audit/audit-error.ts";
import type { LogId } from "../../../../crypto/wire/ids.ts";
import { OPERATOR_LOG } from "../../../../audit/logs.ts";
import { createDeclaration, formatDeclaration } from "../../../../audit/restore/declaration.ts";
import { isReason } from "../../../../audit/verify/log-restore.ts";
import type { Checkpoint } from "../../../../audit/verify/checkpoint.ts";
import { seenHeads } from "../../../../audit/witness/seen-heads.ts";
import { writeFileOnce } from "../../../../keys/private-file.ts";
import { CommandError, type Settings } from "../../../settings.ts";
import { timeOf } from "../../moments.ts";
import { lostLine } from "./lost-line.ts";
import {
  configuredApprovers,
  lostLogs,
  publishedHeads,
  withRestoring,
  type Restoring,
} from "./restoring.ts";

export interface DeclareOptions {
  /** The time of the backup. */
  readonly backupOf: string;
  readonly reason: string;
  /** The file that two people sign. */
  readonly out: string;
  /** Files with further heads that were published, such as `checkpoint` of an export. */
  readonly head?: readonly string[];
}

/** The time for which witnesses may answer with the heads that they saw. */
const WITNESSES_MS = 30_000;

/** Writes what the database lost by a restore, for two people to sign. It changes no log. */
export async function declareCommand(settings: Settings, options: DeclareOptions): Promise<string> {
  const approvers = configuredApprovers(settings);
  const { reason } = options;
  const backupOfMs = timeOf(options.backupOf);
  const declaredAtMs = Date.now();
  if (backupOfMs === undefined || backupOfMs < 0 || backupOfMs > declaredAtMs)
    throw new CommandError("--backup-of takes a time in the past, such as 2026-01-31T02:00:00Z.");
  if (!isReason(reason))
    throw new CommandError("--reason takes one line of at most 300 characters. Everyone reads it.");
  return withRestoring(settings, async (restoring) => {
    await keepFurtherHeads(settings, restoring, options.head ?? []);
    const logs = await lostLogs(restoring);
    if (logs.length === 0)
      throw new CommandError(
        "No log has fewer entries than were published. There is nothing to declare.",
      );
    const cause = { backupOfMs, declaredAtMs, reason, approvers };
    const text = formatDeclaration(createDeclaration(cause, logs));
    if (!(await writeFileOnce(options.out, text)))
      throw new CommandError(`${options.out} exists already. Choose another file.`);
    return [
      ...logs.map(lostLine),
      `Wrote ${options.out}. Two of ${approvers.map(({ name }) => name).join(", ")} must sign it.`,
    ].join("\n");
  });
}

/** Stores outside the database what files and witnesses know and the database does not. */
async function keepFurtherHeads(
  { audit }: Settings,
  restoring: Restoring,
  files: readonly string[],
): Promise<void> {
  const { signer, logs, deployment } = restoring;
  const outside = (await publishedHeads(restoring)).map(({ log, head: { origin } }) => ({
    log,
    origin,
  }));
  const known = new Map<string, LogId>([[deployment, OPERATOR_LOG]]);
  for (const { log, origin } of outside) known.set(origin, log);
  for (const { id, origin } of logs) known.set(origin, id);
  for (const file of files) {
    const note = await readFile(file, "utf8");
    const head = openOurs(note, signer.publicKey, `The checkpoint in ${file}`);
    const log = known.get(head.origin);
    if (log === undefined) throw new CommandError(`${file} is of a log that is not known here.`);
    await keepIfLost(restoring, { log, head, note });
  }
  const named = [...known].map(([origin, log]) => ({ log, origin }));
  const limit = AbortSignal.timeout(WITNESSES_MS);
  const seen = await Promise.all(
    audit.witnesses.map((witness) => seenHeads(witness, named, signer.publicKey, limit)),
  );
  for (const head of seen.flat()) await keepIfLost(restoring, head);
}

async function keepIfLost(
  { client, store, restores }: Restoring,
  { log, head, note }: { readonly log: LogId; readonly head: Checkpoint; readonly note: string },
): Promise<void> {
  try {
    await assertHolds(client, log, restores.survivorOf(head));
  } catch (error) {
    if (!(error instanceof AuditError) || error.code !== "audit_log_behind") throw error;
    await store.keepProof(log, note);
  }
}
