/** C2SP signed-note, with Ed25519 keys. */
import { concat, fromUtf8, toHex, utf8 } from "../../crypto/wire/bytes.ts";
import type { VerifyEd25519 } from "../../crypto/wire/ed25519.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { LogError } from "./log-error.ts";
import type { Sha256 } from "./tree-hash.ts";

/** The functions that verification needs. The caller passes them in. */
export interface Checks {
  readonly sha256: Sha256;
  readonly verifyEd25519: VerifyEd25519;
}

/** Ed25519 over the note, and a witness's timestamped cosignature. */
export const KEY_TYPES = { ed25519: 1, cosignature: 4 } as const;

export interface NoteKey {
  readonly name: string;
  readonly type: 1 | 4;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  /** The signature without the key id. */
  readonly signature: Uint8Array;
}

export interface Note {
  /** The text with its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const MAX_SIGNATURES = 64;
const malformedNote = (why: string): LogError => new LogError("malformed", "note", why);

export const isKeyName = (name: string): boolean =>
  name !== "" && !/[\s\u0085+]/u.test(name) && !hasControl(name);

function hasControl(text: string): boolean {
  for (const character of text)
    if ((character.codePointAt(0) ?? 0) < 32 && character !== "\n") return true;
  return false;
}

/** Returns the first four bytes of `SHA-256(name || 0x0A || type || public key)`. */
export const keyIdOf = (sha256: Sha256, { name, type, publicKey }: NoteKey): Uint8Array =>
  sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)).slice(0, 4);

/** `name+hex8+base64(type || public key)`. */
export const formatVkey = (sha256: Sha256, key: NoteKey): string =>
  `${key.name}+${toHex(keyIdOf(sha256, key))}+${toBase64(concat(Uint8Array.of(key.type), key.publicKey))}`;

/**
 * Reads a verifier key.
 * @throws LogError malformed, also if the key id does not belong to the key
 */
export function parseVkey(sha256: Sha256, vkey: string): NoteKey {
  const refused = (why: string) => new LogError("malformed", "verifier key", why);
  const [, name = "", , encoded = ""] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const bytes = fromBase64(encoded);
  if (!isKeyName(name) || bytes?.length !== 33) throw refused("not of the form name+id+key.");
  const [type] = bytes;
  if (type !== KEY_TYPES.ed25519 && type !== KEY_TYPES.cosignature)
    throw refused("not an Ed25519 key.");
  const key: NoteKey = { name, type, publicKey: bytes.slice(1) };
  if (formatVkey(sha256, key) !== vkey) throw refused("its id does not belong to its key.");
  return key;
}

export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  return `${text}\n${signatures.map(formatSignature).join("")}`;
}

export const formatSignature = ({ name, keyId, signature }: NoteSignature): string =>
  `\u2014 ${name} ${toBase64(concat(keyId, signature))}\n`;

/**
 * Reads a note.
 * @throws LogError malformed
 */
export function parseNote(note: string | Uint8Array): Note {
  const whole = typeof note === "string" ? note : decode(note);
  if (hasControl(whole)) throw malformedNote("holds a control character.");
  const split = whole.lastIndexOf("\n\n");
  if (split < 0 || !whole.endsWith("\n")) throw malformedNote("has no signatures.");
  const lines = whole.slice(split + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw malformedNote("has too many signatures.");
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

/**
 * @param line without its newline
 * @throws LogError malformed
 */
function parseSignature(line: string): NoteSignature {
  const [, name = "", encoded = ""] = /^\u2014 (\S+) (\S+)$/u.exec(line) ?? [];
  const bytes = fromBase64(encoded);
  if (!isKeyName(name) || bytes === undefined || bytes.length < 5)
    throw malformedNote("has a line that is not a signature.");
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/**
 * Returns the signature by `key`, if there is one. It is found by name and id, as the specification
 * requires.
 */
export function signatureBy(sha256: Sha256, note: Note, key: NoteKey): NoteSignature | undefined {
  const id = toHex(keyIdOf(sha256, key));
  return note.signatures.find(({ name, keyId }) => name === key.name && toHex(keyId) === id);
}

/**
 * Requires a valid signature by `key`.
 * @throws LogError unsigned, wrong_signature
 */
export function assertSignature(checks: Checks, note: Note, key: NoteKey): void {
  const signed = signatureBy(checks.sha256, note, key);
  if (signed === undefined)
    throw new LogError("unsigned", "checkpoint", `no signature by ${key.name} with this key.`);
  if (!checks.verifyEd25519(key.publicKey, utf8(note.text), signed.signature))
    throw new LogError("wrong_signature", "checkpoint", `the signature by ${key.name} is wrong.`);
}

function decode(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw new LogError("malformed", "note", "not UTF-8.", { cause });
  }
}
