import { readFile } from "node:fs/promises";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { approverName, parseApprovers } from "../../../audit/verify/approvers.ts";
import {
  openCheckpoint,
  type Checkpoint,
  type TreeHead,
} from "../../../audit/verify/checkpoint.ts";
import { assertTrusted, isTrusted, type SignedRestore } from "../../../audit/verify/log-restore.ts";
import { readRestoreFiles } from "../../../audit/verify/restore-files.ts";
import { survivorAt, uncutHeads } from "../../../audit/verify/survivor.ts";
import type { LogSource } from "../../../audit/verify/log-source.ts";
import { parseVkey, type Note, type NoteKey } from "../../../audit/verify/note.ts";
import { parseTlogProof, verifyTlogProof } from "../../../audit/verify/tlog-proof.ts";
import { verifyLog } from "../../../audit/verify/verify-log.ts";
import {
  assertQuorum,
  parseWitnessPolicy,
  type WitnessPolicy,
} from "../../../audit/verify/witness-policy.ts";
import { progressBar } from "../../progress.ts";
import { CommandError } from "../../settings.ts";
import { AuthorityKeys } from "./authority-keys.ts";
import { BackwardTimes } from "./backward-times.ts";
import { askCredentials, openAuditorSession } from "./auditor-session.ts";
import { logFiles } from "./log-files.ts";
import { holdsLines, verifyLines } from "./verify-lines.ts";

export interface VerifyOptions {
  readonly vkey: string;
  /** An earlier checkpoint, which the log must extend. */
  readonly old?: string;
  /** The key that signed it, if the audit key was replaced since. */
  readonly oldVkey?: string;
  /**
   * The verifier keys of the people who may approve a restore. Two of them must have approved each.
   */
  readonly approver?: readonly string[];
  /** File that says which witnesses must have cosigned. */
  readonly policy?: string;
  readonly prunedBelow?: string;
  /** File with the entry that a proof is about. The place is then the proof. */
  readonly entry?: string;
  /** Account to sign in with before the log is read from a server; the command asks for the password. */
  readonly tenant?: string;
  readonly username?: string;
  /** What the log is read for, with an account. */
  readonly purpose?: string;
}

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
  const { sha256 } = nodeChecks;
  const shown =
    options.old === undefined
      ? undefined
      : openCheckpoint(nodeChecks, await readFile(options.old), oldKeyOf(options, key));
  const approvers = options.approver === undefined ? [] : parseApprovers(sha256, options.approver);
  const credentials = await askCredentials(place, options);
  const session = credentials && (await openAuditorSession(credentials.server, credentials));
  const bar = progressBar("entries");
  const times = new BackwardTimes();
  const authority = new AuthorityKeys();
  try {
    const source = logFiles(place, session?.fetch);
    const restores = await readRestoreFiles(nodeChecks, source, key);
    // An auditor who keeps a checkpoint from after a restore has accepted this restore before.
    const since = restores.filter((each) => each.restores > (shown?.restores ?? 0));
    if (approvers.length > 0) for (const each of since) assertTrusted(each, approvers);
    const passage = shown && (await passageFrom(source, key, shown, restores, approvers));
    const { origin, size, root, note } = await verifyLog(nodeChecks, source, {
      key,
      old: passage?.required ?? uncutHeads(restores.map(({ continues }) => continues)),
      prunedBelow,
      onProgress: (checked, total) => bar.update(checked, total),
      onEntry(entry, index) {
        times.add(entry, index);
        if (prunedBelow === 0) authority.add(entry, index);
      },
    });
    authority.assertHandedOver();
    const extra = cosignersOf(policy, note);
    const lostIn = passage?.lostIn ?? [];
    if (lostIn.length > 0) onLost();
    return [
      `Verified ${size} entries of ${origin}, root ${Buffer.from(root).toString("base64")}${extra}.`,
      ...restores.map((restore) =>
        restoredLine(restore, approvers, lostIn.includes(restore) ? shown : undefined),
      ),
      ...(times.warning === undefined ? [] : [times.warning]),
    ].join("\n");
  } finally {
    bar.end();
    await session?.end();
  }
}

function oldKeyOf({ oldVkey }: VerifyOptions, key: NoteKey): NoteKey {
  if (oldVkey === undefined) return key;
  const old = parseVkey(nodeChecks.sha256, oldVkey);
  if (old.name !== key.name) throw new CommandError("--old-vkey is the key of another log.");
  return old;
}

/**
 * Returns the changes of the log since an earlier checkpoint.
 * @throws LogError rolled_back, missing, unsigned: a restore lost entries of the checkpoint, and no
 *   approvers are known
 */
async function passageFrom(
  source: LogSource,
  key: NoteKey,
  old: Checkpoint,
  restores: readonly SignedRestore[],
  approvers: readonly NoteKey[],
) {
  const now = openCheckpoint(nodeChecks, (await source.read("checkpoint")) ?? "", key);
  const passage = survivorAt(old, now, restores);
  for (const each of passage.lostIn) assertTrusted(each, approvers);
  return passage;
}

/** @param old a checkpoint of which the restore lost entries */
function restoredLine(
  restore: SignedRestore,
  approvers: readonly NoteKey[],
  old: TreeHead | undefined,
): string {
  const { backupOfMs, declaredAtMs, approvedBy, reason, continues, published } = restore;
  const time = (ms: number) => new Date(ms).toISOString();
  const names = approvedBy.map((key) => approverName(nodeChecks.sha256, key)).join(" and ");
  const approval = isTrusted(restore, approvers)
    ? `approved by ${names}`
    : `approved by ${names} as the log's key claims (their keys were not given with --approver)`;
  const range = (until: number) => `ntries ${continues.size} to ${until - 1}`;
  const lost =
    old !== undefined
      ? `E${range(old.size)} of the old checkpoint are missing.`
      : continues.size < published.size
        ? `It lost e${range(published.size)}.`
        : "It lost no entries.";
  const warning =
    old !== undefined && old.size > published.size
      ? ` Warning: the old checkpoint has ${old.size} entries, but the approvers signed that ${published.size} were published. Ask them why more are missing.`
      : "";
  return (
    `The log was declared restored from a backup of ${time(backupOfMs)}, at ${time(declaredAtMs)}, ` +
    `${approval}: "${reason}". ${lost}${warning}`
  );
}

/** @throws LogError quorum_missing */
function cosignersOf(policy: WitnessPolicy | undefined, note: Note): string {
  const witnesses = policy === undefined ? [] : assertQuorum(nodeChecks, policy, note);
  return witnesses.length === 0 ? "" : `, cosigned by ${witnesses.join(", ")}`;
}
