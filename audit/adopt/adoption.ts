/** The statement that heads in the database are right although no checkpoint of them is kept outside. */
import { AuditError } from "../audit-error.ts";
import { nodeChecks } from "../node-checks.ts";
import { APPROVALS, assertApprovers, isSameKey } from "../verify/approvers.ts";
import { fromBase64, toBase64 } from "../verify/base64.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { approversWhoSigned, isReason } from "../verify/log-restore.ts";
import { formatNote, formatVkey, isKeyName, parseNote, parseVkey } from "../verify/note.ts";
import type { Note, NoteKey } from "../verify/note.ts";
import { HASH_BYTES } from "../verify/tree-hash.ts";

export interface Adoption {
  /** Milliseconds since the Unix epoch. */
  readonly declaredAtMs: number;
  /** One line, which everyone who reads the log can read. */
  readonly reason: string;
  /** The people who may approve it. Two of them must sign. */
  readonly approvers: readonly NoteKey[];
  /** The newest signed head of each log whose checkpoint is gone. */
  readonly heads: readonly AdoptedHead[];
}

export type AdoptedHead = Pick<Checkpoint, "origin" | "size" | "root">;

// No checkpoint and no restore begins so. So one key may sign all of them.
const HEADER = "sealdesk-adopted-checkpoints/v1";
/** An older statement counts no more, so that nobody can use it again after another rewinding. */
const VALID_MS = 24 * 3_600_000;

const { sha256 } = nodeChecks;

/** Returns the text that people sign. */
export const adoptionText = ({ declaredAtMs, reason, approvers, heads }: Adoption): string =>
  [
    HEADER,
    `declared ${new Date(declaredAtMs).toISOString()}`,
    `reason ${reason}`,
    ...approvers.map((key) => `approver ${formatVkey(sha256, key)}`),
    ...heads.map(headLine),
    "",
  ].join("\n");

/** Returns the line about one head, such as `head desk.example/audit/t/demo 12 Vr2...=`. */
export const headLine = ({ origin, size, root }: AdoptedHead): string =>
  `head ${origin} ${size} ${toBase64(root)}`;

export const formatAdoption = ({ text, signatures }: Note): string => formatNote(text, signatures);

/**
 * Reads a statement, which may have no signatures yet. It does not check them.
 * @throws LogError malformed
 */
export function parseAdoption(file: string): { readonly adoption: Adoption; readonly note: Note } {
  const note = file.endsWith("\n\n")
    ? { text: file.slice(0, -1), signatures: [] }
    : parseNote(file);
  const [, declared = "", reason = "", ...rest] = note.text.split("\n");
  const named = (word: string) =>
    rest.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const adoption: Adoption = {
    declaredAtMs: Date.parse(declared.slice("declared ".length)),
    reason: reason.slice("reason ".length),
    approvers: named("approver").map((vkey) => parseVkey(sha256, vkey)),
    heads: named("head").map(parseHead),
  };
  assertApprovers(adoption.approvers);
  const isWhole = adoption.declaredAtMs >= 0 && isReason(adoption.reason);
  if (!isWhole || adoptionText(adoption) !== note.text) throw malformed();
  return { adoption, note };
}

function parseHead(line: string): AdoptedHead {
  const [, origin = "", size = "", encoded = ""] = /^(\S+) (\d{1,16}) (\S+)$/.exec(line) ?? [];
  const root = fromBase64(encoded);
  if (!isKeyName(origin) || root?.length !== HASH_BYTES) throw malformed();
  return { origin, size: Number(size), root };
}

const malformed = () => new LogError("malformed", "adoption", "does not have the form of one.");

/**
 * Requires that two of the configured people signed the statement within the last 24 hours.
 * @returns who signed it
 * @throws LogError unsigned, wrong_signature; AuditError audit_checkpoint_missing, if it is too old
 */
export function assertAdopted(
  { adoption, note }: { readonly adoption: Adoption; readonly note: Note },
  configured: readonly NoteKey[],
  nowMs: number,
): readonly NoteKey[] {
  const signed = approversWhoSigned(nodeChecks, adoption, note).filter((key) =>
    configured.some((each) => isSameKey(each, key)),
  );
  if (signed.length < APPROVALS)
    throw new LogError(
      "unsigned",
      "adoption",
      `${signed.length} of AUDIT_RESTORE_APPROVERS signed it; ${APPROVALS} different people must.`,
    );
  if (Math.abs(nowMs - adoption.declaredAtMs) > VALID_MS)
    throw new AuditError(
      "audit_checkpoint_missing",
      "The statement was declared more than 24 hours ago.",
      { advice: "Declare it again: see docs/audit.md, “When outside checkpoints are missing”." },
    );
  return signed;
}
