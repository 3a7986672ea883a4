import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { hashRaw } from "@node-rs/argon2";
import { z } from "zod";
import { concat, fromBase64Url, toBase64Url, utf8 } from "../../../crypto/wire/bytes.ts";
import { canonicalJson } from "../../../crypto/wire/canonical-json.ts";
import { KeysError } from "../../keys-error.ts";
import type { Secret } from "../../secret.ts";

const TAG_BYTES = 16;

/**
 * The secrets that seal a keyring. If both are given, the key file seals, and the passphrase opens
 * keyrings that it sealed before.
 */
export interface SealingSecrets {
  readonly passphrase?: Secret<string> | undefined;
  /** The content of SEALDESK_KEYRING_KEY_FILE: at least 32 random bytes. */
  readonly keyFile?: Secret<Uint8Array> | undefined;
}

const kdfSchema = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("argon2id"),
    memoryKib: z.int().min(8).max(1_048_576),
    passes: z.int().min(1).max(16),
    salt: z.string(),
  }),
  z.strictObject({ name: z.literal("hkdf-sha256"), salt: z.string() }),
]);
type Kdf = z.infer<typeof kdfSchema>;

export const sealedSchema = z.strictObject({
  format: z.enum(["sealdesk-keyring-v1-sealed", "sealdesk-keyring-v2-sealed"]),
  kdf: kdfSchema,
  nonce: z.string(),
  sealed: z.string(),
});
export type SealedFile = z.infer<typeof sealedSchema>;

// Returns the associated data. The seal covers these parameters, so they cannot be changed
// unnoticed.
const associated = ({ format, kdf }: Pick<SealedFile, "format" | "kdf">): Uint8Array =>
  utf8(canonicalJson({ format, kdf }));

/**
 * Seals and opens keyring files with AES-256-GCM. The key comes from a passphrase with Argon2id
 * (RFC 9106), or from a key file with HKDF-SHA-256 (RFC 5869). A derived key is kept with its salt,
 * so reading a changed file costs Argon2id once for each salt.
 */
export class KeyringSealer {
  readonly #secrets: SealingSecrets;
  readonly #derived = new Map<string, Promise<Uint8Array>>();

  constructor(secrets: SealingSecrets) {
    this.#secrets = secrets;
  }

  /** Returns whether new files are sealed. */
  get seals(): boolean {
    return this.#secrets.passphrase !== undefined || this.#secrets.keyFile !== undefined;
  }

  /** Returns whether the file is sealed with the secret that would seal it now. */
  usesConfiguredKdf({ kdf }: SealedFile): boolean {
    return kdf.name === this.#configuredKdf();
  }

  /** @param last its salt is used again if it has the right kind */
  async seal(text: string, last: SealedFile | undefined): Promise<SealedFile> {
    const kdf = last !== undefined && this.usesConfiguredKdf(last) ? last.kdf : this.#newKdf();
    const header = { format: "sealdesk-keyring-v2-sealed", kdf } as const;
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", await this.#derive(kdf), nonce);
    cipher.setAAD(associated(header));
    const sealed = concat(cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag());
    return { ...header, nonce: toBase64Url(nonce), sealed: toBase64Url(sealed) };
  }

  /**
   * Opens a sealed file.
   * @throws KeysError passphrase_required, wrong_passphrase
   */
  async open(file: SealedFile): Promise<string> {
    const key = await this.#derive(file.kdf);
    try {
      const sealed = fromBase64Url(file.sealed);
      const nonce = fromBase64Url(file.nonce);
      const options = { authTagLength: TAG_BYTES };
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, options);
      decipher.setAAD(associated(file));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const body = sealed.subarray(0, -TAG_BYTES);
      return decipher.update(body, undefined, "utf8") + decipher.final("utf8");
    } catch (cause) {
      throw new KeysError(
        "wrong_passphrase",
        `The ${file.kdf.name === "argon2id" ? "passphrase" : "key file"} does not open the keyring.`,
        { cause },
      );
    }
  }

  #configuredKdf(): Kdf["name"] {
    return this.#secrets.keyFile === undefined ? "argon2id" : "hkdf-sha256";
  }

  #newKdf(): Kdf {
    const salt = toBase64Url(randomBytes(16));
    return this.#configuredKdf() === "argon2id"
      ? { name: "argon2id", memoryKib: 65_536, passes: 3, salt }
      : { name: "hkdf-sha256", salt };
  }

  #derive(kdf: Kdf): Promise<Uint8Array> {
    const id = canonicalJson(kdf);
    const known = this.#derived.get(id);
    if (known !== undefined) return known;
    const key = this.#rederive(kdf);
    // The files that one process reads have only a few different salts.
    if (this.#derived.size >= 8) this.#derived.clear();
    this.#derived.set(id, key);
    key.catch(() => this.#derived.delete(id));
    return key;
  }

  async #rederive(kdf: Kdf): Promise<Uint8Array> {
    const { passphrase, keyFile } = this.#secrets;
    if (kdf.name === "hkdf-sha256") {
      if (keyFile === undefined) throw required("SEALDESK_KEYRING_KEY_FILE must name its key file");
      const info = utf8("sealdesk/keyring/v2");
      const salt = fromBase64Url(kdf.salt);
      return new Uint8Array(hkdfSync("sha256", keyFile.reveal(), salt, info, 32));
    }
    if (passphrase === undefined)
      throw required("SEALDESK_KEYRING_PASSPHRASE must hold its passphrase");
    return hashRaw(passphrase.reveal(), {
      salt: fromBase64Url(kdf.salt),
      memoryCost: kdf.memoryKib,
      timeCost: kdf.passes,
      parallelism: 1,
      outputLen: 32,
    });
  }
}

const required = (what: string): KeysError =>
  new KeysError("passphrase_required", `The keyring is sealed. ${what}.`);
