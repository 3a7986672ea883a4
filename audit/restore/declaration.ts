import { utf8 } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../node-checks.ts";
import { LogError } from "../verify/log-error.ts";
import {
  assertLost,
  causeLines,
  headText,
  parseCause,
  parseHead,
  type LogRestore,
  type RestoreCause,
  type RestoredLog,
} from "../verify/log-restore.ts";
import {
  assertSignature,
  formatVkey,
  isKeyName,
  KEY_TYPES,
  parseNote,
  parseVkey,
  signatureBy,
  type Note,
  type NoteKey,
} from "../verify/note.ts";
import { APPROVALS, approverName, assertApprovers } from "./approvers.ts";

/** That the database of a deployment was restored from a backup, and what every log lost by it. */
export interface RestoreDeclaration extends RestoreCause {
  /** The origin of the operator's log, which names the deployment. */
  readonly deployment: string;
  /** The people of whom two must sign, as they were configured. */
  readonly approvers: readonly NoteKey[];
  readonly logs: readonly RestoredLog[];
}

// No checkpoint has a name in its second line. So the audit key may sign both.
const HEADER = "sealdesk-restore/v1";

/** The text that the approvers and the audit key sign. */
export const declarationText = (declaration: RestoreDeclaration): string =>
  [
    HEADER,
    declaration.deployment,
    ...causeLines(declaration),
    ...declaration.approvers.map((key) => `approver ${formatVkey(nodeChecks.sha256, key)}`),
    ...declaration.logs.map(logLine),
    "",
  ].join("\n");

const logLine = ({ origin, restores, published, continues }: RestoredLog): string =>
  `log ${origin} ${restores} ${headText(published)} ${headText(continues)}`;

/** @throws LogError malformed */
export function parseDeclaration(text: string): RestoreDeclaration {
  const [, deployment = "", backup = "", declared = "", reason = "", ...rest] = text.split("\n");
  const isApprover = (line: string) => line.startsWith("approver ");
  const approvers = rest
    .filter(isApprover)
    .map((line) => parseVkey(nodeChecks.sha256, line.slice("approver ".length)));
  const logs = rest
    .slice(0, -1)
    .filter((line) => !isApprover(line))
    .map(parseLog);
  const declaration = { deployment, ...parseCause(backup, declared, reason), approvers, logs };
  assertApprovers(approvers);
  const isWhole = isKeyName(deployment) && logs.length > 0 && declarationText(declaration) === text;
  const origins = new Set(logs.map(({ origin }) => origin));
  if (!isWhole || origins.size < logs.length)
    throw new LogError("malformed", "declaration", "is not the declaration of a restore.");
  return declaration;
}

function parseLog(line: string): RestoredLog {
  const [, origin = "", restores = "", published = "", continues = ""] =
    /^log (\S+) ([1-9]\d{0,8}) (\d+ \S+) (\d+ \S+)$/.exec(line) ?? [];
  const log: RestoredLog = {
    origin,
    restores: Number(restores),
    published: parseHead(published),
    continues: parseHead(continues),
  };
  assertLost(log);
  return log;
}

/**
 * Reads a file with a declaration that may have no signature yet.
 * @throws LogError malformed
 */
export const parseUnsigned = (file: string): Note =>
  file.endsWith("\n\n") ? { text: file.slice(0, -1), signatures: [] } : parseNote(file);

/**
 * The approvers named in the declaration who signed it. A key counts once, however often it signed.
 * @throws LogError wrong_signature: a signature by an approver does not verify
 */
export function approversOf({ approvers }: RestoreDeclaration, note: Note): readonly NoteKey[] {
  const { sha256 } = nodeChecks;
  const signed = approvers.filter((key) => signatureBy(sha256, note, key) !== undefined);
  for (const key of signed) assertSignature(nodeChecks, note, key);
  return signed;
}

/**
 * The approvers of a declaration that enough people signed.
 * @throws LogError unsigned, wrong_signature
 */
export function assertApproved(declaration: RestoreDeclaration, note: Note): readonly NoteKey[] {
  const signed = approversOf(declaration, note);
  if (signed.length < APPROVALS)
    throw new LogError(
      "unsigned",
      "declaration",
      `${signed.length} of its approvers signed it; ${APPROVALS} different people must.`,
    );
  return signed;
}

/** The audit key, by the name under which it signs declarations. */
export const declarationKey = (deployment: string, publicKey: Uint8Array): NoteKey => ({
  name: deployment,
  type: KEY_TYPES.ed25519,
  publicKey,
});

/**
 * What a declaration says about each log. Two approvers and the audit key must have signed it.
 * @throws LogError malformed, unsigned, wrong_signature
 */
export function openDeclaration(note: string, publicKey: Uint8Array): readonly LogRestore[] {
  const parsed = parseNote(note);
  const declaration = parseDeclaration(parsed.text);
  assertSignature(nodeChecks, parsed, declarationKey(declaration.deployment, publicKey));
  return logRestores(declaration, assertApproved(declaration, parsed), parsed.text);
}

/** @param approvers those who signed `text` */
export function logRestores(
  declaration: RestoreDeclaration,
  approvers: readonly NoteKey[],
  text: string,
): readonly LogRestore[] {
  const { backupOfMs, declaredAtMs, reason, logs } = declaration;
  const approvedBy = approvers.map(approverName);
  const digest = nodeChecks.sha256(utf8(text));
  return logs.map((log) => ({
    ...log,
    backupOfMs,
    declaredAtMs,
    reason,
    approvedBy,
    declaration: digest,
  }));
}
