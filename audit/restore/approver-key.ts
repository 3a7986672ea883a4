import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { concat, fromBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../node-checks.ts";
import { fromBase64, toBase64 } from "../verify/base64.ts";
import { LogError } from "../verify/log-error.ts";
import {
  formatVkey,
  keyIdOf,
  KEY_TYPES,
  parseVkey,
  type NoteKey,
  type NoteSignature,
} from "../verify/note.ts";

/** The key with which one person approves restores. */
export interface ApproverKey {
  readonly key: NoteKey;
  /** Ed25519 over the text of a note. */
  sign(text: string): NoteSignature;
}

/** The form in which Go's `note` package writes a signer key. */
const FORM = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+(\S+)\n?$/;

/** Makes a key. @returns the text of a private file */
export function createApproverKey(name: string): string {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const publicKey = fromBase64Url(x);
  const vkey = formatVkey(nodeChecks.sha256, { name, type: KEY_TYPES.ed25519, publicKey });
  const [, id = ""] = vkey.split("+");
  const seed = concat(Uint8Array.of(KEY_TYPES.ed25519), fromBase64Url(d));
  return `PRIVATE+KEY+${name}+${id}+${toBase64(seed)}\n`;
}

/** @throws LogError malformed */
export function parseApproverKey(text: string): ApproverKey {
  const [, name = "", id = "", encoded = ""] = FORM.exec(text) ?? [];
  const seed = fromBase64(encoded);
  if (seed?.length !== 33 || seed[0] !== KEY_TYPES.ed25519)
    throw new LogError("malformed", "approver key", "is not a private key of an approver.");
  const privateKey = createPrivateKey({
    key: Buffer.from(concat(ED25519_PKCS8, seed.subarray(1))),
    format: "der",
    type: "pkcs8",
  });
  const { x = "" } = privateKey.export({ format: "jwk" });
  const publicKey = fromBase64Url(x);
  const key = parseVkey(
    nodeChecks.sha256,
    `${name}+${id}+${toBase64(concat(Uint8Array.of(KEY_TYPES.ed25519), publicKey))}`,
  );
  return {
    key,
    sign: (signed) => ({
      name,
      keyId: keyIdOf(nodeChecks.sha256, key),
      signature: sign(null, utf8(signed), privateKey),
    }),
  };
}

/** The PKCS #8 form of an Ed25519 key (RFC 8410 section 7), up to its 32 bytes. */
const ED25519_PKCS8 = fromBase64Url("MC4CAQAwBQYDK2VwBCIEIA");
