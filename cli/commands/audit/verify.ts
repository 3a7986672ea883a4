import { readFile } from "node:fs/promises";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { openCheckpoint, type TreeHead } from "../../../audit/verify/checkpoint.ts";
import {
  readRestoreFiles,
  survivorOf,
  type LogRestore,
} from "../../../audit/verify/log-restore.ts";
import { parseVkey, type Note } from "../../../audit/verify/note.ts";
import { parseTlogProof, verifyTlogProof } from "../../../audit/verify/tlog-proof.ts";
import { verifyLog } from "../../../audit/verify/verify-log.ts";
import {
  assertQuorum,
  parseWitnessPolicy,
  type WitnessPolicy,
} from "../../../audit/verify/witness-policy.ts";
import { progressBar } from "../../progress.ts";
import { readPassword } from "../../read-password.ts";
import { CommandError } from "../../settings.ts";
import { openAuditorSession, type AuditorSession } from "./auditor-session.ts";
import { logFiles } from "./log-files.ts";
import { holdsLines, verifyLines } from "./verify-lines.ts";

export interface VerifyOptions {
  readonly vkey: string;
  /** An earlier checkpoint, which the log must extend. */
  readonly old?: string;
  /** File that says which witnesses must have cosigned. */
  readonly policy?: string;
  readonly prunedBelow?: string;
  /** File with the entry that a proof is about. The place is then the proof. */
  readonly entry?: string;
  /** Account to sign in with before the log is read from a server; the command asks for the password. */
  readonly tenant?: string;
  readonly username?: string;
}

/** The URL at which a server serves the log of the signed-in user's tenant. */
const SERVED = /^(https?:\/\/.+)\/v1\/audit\/log\/?$/;

/**
 * Checks a log, an export of lines, or one proof, with only its files and the key.
 * @param onLost called if the log holds only since a declared restore: entries of `old` are lost
 * @throws LogError that names the first place with a fault
 */
export async function verifyFiles(
  place: string,
  options: VerifyOptions,
  onLost: () => void = () => undefined,
): Promise<string> {
  const key = parseVkey(nodeChecks.sha256, options.vkey);
  const policy =
    options.policy === undefined
      ? undefined
      : parseWitnessPolicy(nodeChecks.sha256, await readFile(options.policy, "utf8"));
  if (options.entry !== undefined) {
    const proof = parseTlogProof(await readFile(place, "utf8"));
    const entry = await readFile(options.entry);
    const { origin, size, note } = verifyTlogProof(nodeChecks, proof, entry, key);
    return `Verified: the entry has index ${proof.index} of ${size} in ${origin}${cosignersOf(policy, note)}.`;
  }
  if (await holdsLines(place)) {
    const { old, prunedBelow: below } = options;
    if (old !== undefined || policy !== undefined || below !== undefined)
      throw new CommandError(
        "--old, --policy and --pruned-below need a whole log. Export it as tiles.",
      );
    return verifyLines(place, key);
  }
  const prunedBelow = Number(options.prunedBelow ?? 0);
  if (!Number.isSafeInteger(prunedBelow) || prunedBelow < 0)
    throw new CommandError("--pruned-below takes the index of the first entry that is kept.");
  const old =
    options.old === undefined
      ? undefined
      : openCheckpoint(nodeChecks, await readFile(options.old), key);
  const session = await signIn(place, options);
  const bar = progressBar("entries");
  try {
    const source = logFiles(place, session?.fetch);
    const restores = await readRestoreFiles(nodeChecks, source, key);
    const survivor = old && survivorOf(old, restores);
    const { origin, size, root, note } = await verifyLog(nodeChecks, source, {
      key,
      old: survivor?.head,
      prunedBelow,
      onProgress: (checked, total) => bar.update(checked, total),
    });
    const extra = cosignersOf(policy, note);
    const lostIn = survivor?.lostIn ?? [];
    if (lostIn.length > 0) onLost();
    return [
      `Verified ${size} entries of ${origin}, root ${Buffer.from(root).toString("base64")}${extra}.`,
      ...restores.map((restore) =>
        restoredLine(restore, lostIn.includes(restore) ? old : undefined),
      ),
    ].join("\n");
  } finally {
    bar.end();
    await session?.end();
  }
}

/** @param old a checkpoint of which the restore lost entries */
function restoredLine(restore: LogRestore, old: TreeHead | undefined): string {
  const { backupOfMs, declaredAtMs, approvedBy, reason, continues, published } = restore;
  const time = (ms: number) => new Date(ms).toISOString();
  const lost =
    old === undefined
      ? `It lost entries ${continues.size} to ${published.size - 1}.`
      : `Entries ${continues.size} to ${old.size - 1} of the old checkpoint are missing.`;
  return (
    `The log was declared restored from a backup of ${time(backupOfMs)}, at ${time(declaredAtMs)}, ` +
    `approved by ${approvedBy.join(" and ")}: "${reason}". ${lost}`
  );
}

/** @throws LogError quorum_missing */
function cosignersOf(policy: WitnessPolicy | undefined, note: Note): string {
  const witnesses = policy === undefined ? [] : assertQuorum(nodeChecks, policy, note);
  return witnesses.length === 0 ? "" : `, cosigned by ${witnesses.join(", ")}`;
}

async function signIn(
  place: string,
  { tenant, username }: VerifyOptions,
): Promise<AuditorSession | undefined> {
  if (tenant === undefined && username === undefined) return undefined;
  const server = SERVED.exec(place)?.[1];
  if (tenant === undefined || username === undefined || server === undefined)
    throw new CommandError(
      "To sign in, give --tenant and --username, and a URL that ends with /v1/audit/log.",
    );
  const password = (await readPassword("known")).reveal();
  return openAuditorSession(server, { tenant, username, password });
}
