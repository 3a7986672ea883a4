import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from "node:crypto";
import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import { uuidToBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { NONCE_BYTES, sealBroken, TAG_BYTES, takeNonce, type SealingKey } from "./envelope.ts";

/** Number of bytes in a chunk. Only the last chunk of a blob may have fewer. */
export const CHUNK_BYTES = 64 * 1024;
/** Number of bytes that sealing adds to each chunk. */
export const CHUNK_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;
/** Length of a sealed full chunk, in bytes. */
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + CHUNK_OVERHEAD_BYTES;

/**
 * Kind of a chunk. `middle` is followed by other chunks. `last` ends the blob. `unfinished` is the
 * part of a chunk that an upload has received so far, which is stored outside the blob.
 */
export type ChunkKind = "middle" | "last" | "unfinished";

const kindBytes: Readonly<Record<ChunkKind, number>> = { middle: 0, last: 1, unfinished: 2 };

/** Place of a chunk in its blob. */
export interface ChunkPosition {
  /** Starts at 0. */
  readonly index: number;
  readonly kind: ChunkKind;
}

/** Identifies the upload that a blob belongs to. */
export interface BlobName {
  readonly tenant: TenantId;
  readonly blob: Uuid;
  /** 32 random bytes, new for each upload. So another upload with the same id has another key. */
  readonly salt: Uint8Array;
}

/** Seals and opens the chunks of one blob. */
export interface BlobSeal {
  /** Returns `nonce 12 || ciphertext || tag 16`. */
  seal(place: ChunkPosition, plain: Uint8Array): Buffer;
  /** @throws KeysError seal_broken */
  open(place: ChunkPosition, sealed: Uint8Array): Buffer;
}

/**
 * Creates the seal of one blob. Each chunk is sealed with AES-256-GCM (NIST SP 800-38D). The upload
 * has its own key, derived from the scope's key with HKDF-SHA-256 (RFC 5869). The number and the
 * kind of the chunk are associated data. The STREAM construction (Hoang, Reyhanitabar, Rogaway,
 * Vizár 2015) has them in the nonce. Here the nonce is random, because an interrupted upload may
 * send other bytes for a chunk that was already sealed.
 */
export function blobSeal({ secret }: SealingKey, { tenant, blob, salt }: BlobName): BlobSeal {
  const info = concat(utf8("sealdesk/at-rest/v1/blob"), uuidToBytes(tenant), uuidToBytes(blob));
  const key = createSecretKey(Buffer.from(hkdfSync("sha256", secret, salt, info, 32)));
  return {
    seal(place, plain) {
      const sealed = Buffer.allocUnsafe(plain.length + CHUNK_OVERHEAD_BYTES);
      const nonce = takeNonce();
      sealed.set(nonce);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      cipher.setAAD(associatedWith(place));
      sealed.set(cipher.update(plain), NONCE_BYTES);
      cipher.final();
      sealed.set(cipher.getAuthTag(), NONCE_BYTES + plain.length);
      return sealed;
    },
    open(place, sealed) {
      const end = sealed.length - TAG_BYTES;
      if (end < NONCE_BYTES) throw sealBroken();
      try {
        const nonce = sealed.subarray(0, NONCE_BYTES);
        const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(associatedWith(place));
        decipher.setAuthTag(sealed.subarray(end));
        const plain = decipher.update(sealed.subarray(NONCE_BYTES, end));
        decipher.final();
        return plain;
      } catch (cause) {
        throw sealBroken(cause);
      }
    },
  };
}

/** Returns `index 8, big-endian || kind 1`. */
function associatedWith({ index, kind }: ChunkPosition): Uint8Array {
  const associated = Buffer.alloc(9);
  associated.writeBigUInt64BE(BigInt(index));
  associated[8] = kindBytes[kind];
  return associated;
}
