import { concat, utf8 } from "../wire/bytes.ts";
import { encodings, type Level } from "./level.ts";
import { randomBytes, ready, zeroise } from "./sodium.ts";
import { StoreError } from "./store-error.ts";
import { reserved } from "./store-transaction.ts";

const saltName = `${reserved}salt`;
const saltBytes = 16;
const version = 1;

/**
 * Derives the store key from a passphrase: Argon2id (RFC 9106), 3 passes over 64 MiB, 32 bytes. All
 * Unicode forms of a passphrase give the same key, as in RFC 8265 (OpaqueString): every space
 * becomes U+0020, then NFC. It blocks for about 200 ms in Node and for some seconds in a browser.
 * These are the parameters of salt version 1. Other parameters need a new version in `storeSalt`.
 * @throws StoreError wrong_key: the passphrase is empty or not Unicode text
 */
export async function deriveStoreKey(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  // In UTF-8, every lone surrogate becomes the same replacement character, so passphrases would
  // collide.
  if (passphrase === "" || /\p{Surrogate}/u.test(passphrase))
    throw new StoreError("wrong_key", "The passphrase is empty or not Unicode text.");
  // Loaded on use, because most pages have a key and need no password hash.
  const { argon2id } = await import("./argon2id.ts");
  await ready;
  const secret = utf8(passphrase.replaceAll(/\p{Space_Separator}/gu, " ").normalize("NFC"));
  try {
    return await argon2id(secret, salt, { passes: 3, memory: 64 * 1024 * 1024, bytes: 32 });
  } finally {
    zeroise(secret);
  }
}

/**
 * Returns the 16-byte salt, which is stored in clear beside the sealed values. The first call makes
 * it.
 * @throws StoreError damaged: the salt record is not of a known version
 */
export async function storeSalt(level: Level): Promise<Uint8Array> {
  await level.open();
  const [record] = await level.getMany([saltName], encodings);
  if (record !== undefined) {
    if (record[0] !== version || record.length !== 1 + saltBytes)
      throw new StoreError("damaged", "The store's salt has an unknown form.");
    return record.slice(1);
  }
  await ready;
  const salt = randomBytes(saltBytes);
  const value = concat(Uint8Array.of(version), salt);
  await level.batch([{ type: "put", key: saltName, value }], { ...encodings, sync: true });
  return salt;
}
