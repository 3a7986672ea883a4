/** The keyring as a file: plain in development, else sealed by a passphrase. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { hashRaw } from "@node-rs/argon2";
import { z } from "zod";
import { concat, fromBase64Url, toBase64Url, utf8 } from "../crypto/wire/bytes.ts";
import { canonicalJson } from "../crypto/wire/canonical-json.ts";
import { KeysError } from "./keys-error.ts";
import type { Secret } from "./secret.ts";

const TAG_BYTES = 16;
const key32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** What the keyring holds, as JSON. */
const contentsSchema = z.strictObject({
  signingKey: z.strictObject({
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    x: key32,
    d: key32,
  }),
  frankingKey: key32,
  blindIndexKey: key32,
});
export type KeyringContents = z.infer<typeof contentsSchema>;

const kdfSchema = z.strictObject({
  name: z.literal("argon2id"),
  memoryKib: z.int().min(8).max(1_048_576),
  passes: z.int().min(1).max(16),
  salt: z.string(),
});
const plainSchema = z.strictObject({
  format: z.literal("sealdesk-keyring-v1"),
  keys: contentsSchema,
});
const sealedSchema = z.strictObject({
  format: z.literal("sealdesk-keyring-v1-sealed"),
  kdf: kdfSchema,
  nonce: z.string(),
  sealed: z.string(),
});
const fileSchema = z.discriminatedUnion("format", [plainSchema, sealedSchema]);
type SealedFile = z.infer<typeof sealedSchema>;

// Without the cause: a JSON error quotes the text around the fault, which may be a key.
const damaged = (): KeysError =>
  new KeysError("keyring_damaged", "The keyring file is damaged; restore it from a backup.");

async function derive(passphrase: Secret<string>, kdf: SealedFile["kdf"]): Promise<Uint8Array> {
  return hashRaw(passphrase.reveal(), {
    salt: fromBase64Url(kdf.salt),
    memoryCost: kdf.memoryKib,
    timeCost: kdf.passes,
    parallelism: 1,
    outputLen: 32,
  });
}

// What the seal covers beside the keys, so that no parameter can be changed unnoticed.
const associated = ({ format, kdf }: Pick<SealedFile, "format" | "kdf">): Uint8Array =>
  utf8(canonicalJson({ format, kdf }));

/** The file's text. With a passphrase: Argon2id (RFC 9106), then AES-256-GCM. */
export async function writeKeyring(
  keys: KeyringContents,
  passphrase: Secret<string> | undefined,
): Promise<string> {
  if (passphrase === undefined)
    return `${JSON.stringify({ format: "sealdesk-keyring-v1", keys }, undefined, 2)}\n`;
  const header = {
    format: "sealdesk-keyring-v1-sealed",
    kdf: {
      name: "argon2id",
      memoryKib: 65_536,
      passes: 3,
      salt: toBase64Url(randomBytes(16)),
    },
  } as const;
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await derive(passphrase, header.kdf), nonce);
  cipher.setAAD(associated(header));
  const sealed = concat(
    cipher.update(JSON.stringify(keys), "utf8"),
    cipher.final(),
    cipher.getAuthTag(),
  );
  const file: SealedFile = { ...header, nonce: toBase64Url(nonce), sealed: toBase64Url(sealed) };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Reads what `writeKeyring` wrote; `sealed` says in which of its two forms.
 * @throws KeysError keyring_damaged, passphrase_required, wrong_passphrase
 */
export async function readKeyring(
  text: string,
  passphrase: Secret<string> | undefined,
): Promise<{ readonly keys: KeyringContents; readonly sealed: boolean }> {
  let file: z.infer<typeof fileSchema>;
  try {
    file = fileSchema.parse(JSON.parse(text));
  } catch {
    throw damaged();
  }
  if (file.format === "sealdesk-keyring-v1") return { keys: file.keys, sealed: false };
  if (passphrase === undefined)
    throw new KeysError(
      "passphrase_required",
      "The keyring is sealed; SEALDESK_KEYRING_PASSPHRASE must hold its passphrase.",
    );
  return { keys: await unseal(file, passphrase), sealed: true };
}

async function unseal(file: SealedFile, passphrase: Secret<string>): Promise<KeyringContents> {
  let opened: string;
  try {
    const sealed = fromBase64Url(file.sealed);
    const decipher = createDecipheriv(
      "aes-256-gcm",
      await derive(passphrase, file.kdf),
      fromBase64Url(file.nonce),
      { authTagLength: TAG_BYTES },
    );
    decipher.setAAD(associated(file));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    opened =
      decipher.update(sealed.subarray(0, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
  } catch (cause) {
    throw new KeysError("wrong_passphrase", "The passphrase does not open the keyring.", { cause });
  }
  try {
    return contentsSchema.parse(JSON.parse(opened));
  } catch {
    throw damaged();
  }
}
