import { utf8 } from "../crypto/wire/bytes.ts";
import type { LogKey, LogSigner } from "./logs.ts";
import { nodeChecks } from "./node-checks.ts";
import { keyIdOf, KEY_TYPES, type NoteSignature } from "./verify/note.ts";

/**
 * Signs the text of a note with the audit key, and with the key that will replace it.
 * @param name the origin of the log
 */
export const signaturesOf = (
  signer: LogSigner,
  name: string,
  text: string,
): Promise<readonly NoteSignature[]> =>
  Promise.all(
    [signer, ...(signer.next === undefined ? [] : [signer.next])].map((key) =>
      signatureWith(key, name, text),
    ),
  );

/** Signs the text of a note with one key. */
export async function signatureWith(
  key: LogKey,
  name: string,
  text: string,
): Promise<NoteSignature> {
  const { publicKey } = key;
  const keyId = keyIdOf(nodeChecks.sha256, { name, type: KEY_TYPES.ed25519, publicKey });
  return { name, keyId, signature: await key.sign(utf8(text)) };
}
