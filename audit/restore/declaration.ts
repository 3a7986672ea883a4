import { utf8 } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../node-checks.ts";
import { LogError } from "../verify/log-error.ts";
import {
  assertRestore,
  logRestoreText,
  parseLogRestore,
  RESTORE_HEADER,
  type LogRestore,
  type RestoreCause,
  type RestoredLog,
} from "../verify/log-restore.ts";
import { formatNote, parseNote, type Note } from "../verify/note.ts";

/**
 * A declaration that a database was restored is a file: the statements about all its logs, one after
 * another. People sign each statement.
 */
export interface DeclaredLog {
  readonly restore: LogRestore;
  readonly note: Note;
}

const { sha256 } = nodeChecks;

/**
 * Returns the unsigned statements about all logs of one restore.
 * @throws LogError malformed
 */
export function createDeclaration(
  cause: RestoreCause,
  logs: readonly RestoredLog[],
): readonly DeclaredLog[] {
  const without = logs.map((log) => ({ ...cause, ...log, declaration: NO_HASH }));
  const declaration = hashOf(without);
  return without.map((each) => {
    const restore = { ...each, declaration };
    assertRestore(restore);
    return { restore, note: { text: logRestoreText(sha256, restore), signatures: [] } };
  });
}

const NO_HASH = new Uint8Array(32);

/**
 * Returns the hash that binds the statements to one another: SHA-256 over their texts, with zeros
 * in place of this hash.
 */
const hashOf = (restores: readonly LogRestore[]): Uint8Array =>
  sha256(
    utf8(
      restores.map((each) => logRestoreText(sha256, { ...each, declaration: NO_HASH })).join(""),
    ),
  );

export const formatDeclaration = (logs: readonly DeclaredLog[]): string =>
  logs.map(({ note: { text, signatures } }) => formatNote(text, signatures)).join("");

/**
 * Reads a declaration, which may have no signatures yet. It does not check them.
 * @throws LogError malformed, also if statements were added, left out or exchanged
 */
export function parseDeclaration(file: string): readonly DeclaredLog[] {
  const logs = file.split(BETWEEN).map((part) => {
    const note = parseUnsigned(part);
    return { restore: parseLogRestore(sha256, note.text), note };
  });
  const restores = logs.map(({ restore }) => restore);
  const [first] = restores;
  const again = first === undefined ? [] : createDeclaration(causeOf(first), restores.map(lossOf));
  const texts = (of: readonly DeclaredLog[]) => of.map(({ note }) => note.text).join("");
  const origins = new Set(restores.map(({ origin }) => origin));
  if (texts(again) !== texts(logs))
    throw new LogError("malformed", "declaration", "does not hold all its statements, or others.");
  if (origins.size < restores.length)
    throw new LogError("malformed", "declaration", "names a log twice.");
  return logs;
}

const causeOf = ({ backupOfMs, declaredAtMs, reason, approvers }: LogRestore): RestoreCause => ({
  backupOfMs,
  declaredAtMs,
  reason,
  approvers,
});

const lossOf = ({ origin, restores, published, continues }: LogRestore): RestoredLog => ({
  origin,
  restores,
  published,
  continues,
});

// Matches the first line of a statement. No other line of it and no signature begins so.
const BETWEEN = new RegExp(`^(?=${RESTORE_HEADER}$)`, "m");

const parseUnsigned = (note: string): Note =>
  note.endsWith("\n\n") ? { text: note.slice(0, -1), signatures: [] } : parseNote(note);
