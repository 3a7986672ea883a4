import { createCipheriv, createSecretKey, hkdfSync } from "node:crypto";
import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import { uuidToBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import type { SealingKey } from "./envelope.ts";

const BLOCK_BYTES = 16;

/** Encrypts bytes that stand in a blob from `offset` on, or decrypts them: the two are the same. */
export type BlobCipher = (
  offset: number,
  data: AsyncIterable<Uint8Array>,
) => AsyncGenerator<Uint8Array, void, undefined>;

/**
 * AES-256-CTR (NIST SP 800-38A) under a key of the blob's own: HKDF-SHA-256 (RFC 5869) of the scope's
 * key, with tenant and blob as info. The counter is the place in the blob, so a blob may grow and be
 * read from anywhere, and is no longer than what is in it. It keeps nobody from changing bytes: that
 * is for the seal the device put on them, which this lies around.
 */
export function blobCipher({ secret }: SealingKey, tenant: Uuid, blob: Uuid): BlobCipher {
  const info = concat(utf8("sealdesk/at-rest/v1/blob"), uuidToBytes(tenant), uuidToBytes(blob));
  const key = createSecretKey(Buffer.from(hkdfSync("sha256", secret, "", info, 32)));
  return async function* (offset, data) {
    const counter = Buffer.alloc(BLOCK_BYTES);
    counter.writeBigUInt64BE(BigInt(Math.floor(offset / BLOCK_BYTES)), 8);
    const cipher = createCipheriv("aes-256-ctr", key, counter);
    // A block that begins before the offset: its first bytes belong to what is there already.
    cipher.update(new Uint8Array(offset % BLOCK_BYTES));
    for await (const piece of data) yield cipher.update(piece);
  };
}
