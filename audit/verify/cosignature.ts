/**
 * C2SP tlog-cosignature with Ed25519: a witness saw this head, and it is consistent with all heads
 * before it.
 */
import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import {
  keyIdOf,
  signatureBy,
  type Checks,
  type Note,
  type NoteKey,
  type NoteSignature,
} from "./note.ts";
import type { Sha256 } from "./tree-hash.ts";

/**
 * Returns the bytes that a witness signs.
 * @param text the checkpoint's text, without signatures
 */
export const cosignedBytes = (text: string, timeS: number): Uint8Array =>
  utf8(`cosignature/v1\ntime ${timeS}\n${text}`);

/**
 * Returns the parts of a signature line.
 * @param signature Ed25519 over `cosignedBytes`
 */
export function cosignature(
  sha256: Sha256,
  key: NoteKey,
  timeS: number,
  signature: Uint8Array,
): NoteSignature {
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeS));
  return { name: key.name, keyId: keyIdOf(sha256, key), signature: concat(time, signature) };
}

/** Returns when the witness signed this note, in POSIX seconds, or undefined if it did not. */
export function cosignedAt(checks: Checks, note: Note, witness: NoteKey): number | undefined {
  const signed = signatureBy(checks.sha256, note, witness);
  if (signed?.signature.length !== 72) return undefined;
  const { buffer, byteOffset } = signed.signature;
  const timeS = Number(new DataView(buffer, byteOffset, 8).getBigUint64(0));
  if (!Number.isSafeInteger(timeS)) return undefined;
  const message = cosignedBytes(note.text, timeS);
  return checks.verifyEd25519(witness.publicKey, message, signed.signature.subarray(8))
    ? timeS
    : undefined;
}
