import { nodeChecks } from "../node-checks.ts";
import { cosignedAt } from "../verify/cosignature.ts";
import { formatNote, parseNote, type NoteKey, type NoteSignature } from "../verify/note.ts";

/**
 * Adds signatures to a note. It keeps one signature for each key, because a verifier looks only at
 * the first. It leaves out every line of `witnesses` that does not verify, old or new.
 */
export function addSignatures(
  note: string,
  added: readonly NoteSignature[],
  witnesses: readonly NoteKey[],
): string {
  const { text, signatures } = parseNote(note);
  const byKey = new Map<string, NoteSignature>();
  for (const signature of [...signatures, ...added]) {
    const key = `${signature.name} ${signature.keyId.join()}`;
    if (!byKey.has(key) && !isForged(text, signature, witnesses)) byKey.set(key, signature);
  }
  return formatNote(text, [...byKey.values()]);
}

function isForged(text: string, line: NoteSignature, witnesses: readonly NoteKey[]): boolean {
  const key = witnesses.find(({ name }) => name === line.name);
  const alone = { text, signatures: [line] };
  return key !== undefined && cosignedAt(nodeChecks, alone, key) === undefined;
}
