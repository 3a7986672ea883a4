import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from "node:crypto";
import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import { uuidToBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import { NONCE_BYTES, sealBroken, TAG_BYTES, takeNonce, type SealingKey } from "./envelope.ts";

/** Bytes of a blob that are sealed together; only the last chunk may have fewer. */
export const CHUNK_BYTES = 64 * 1024;
/** What sealing adds to each chunk. */
export const CHUNK_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;
/** A whole chunk as it is stored. */
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + CHUNK_OVERHEAD_BYTES;

/**
 * What a chunk is of its blob: one that others follow, the last one, or as much of either as an upload
 * has brought so far, which is kept outside the blob.
 */
export type ChunkKind = "middle" | "last" | "unfinished";

const kindBytes: Readonly<Record<ChunkKind, number>> = { middle: 0, last: 1, unfinished: 2 };

/** Where a chunk stands in its blob. */
export interface ChunkPlace {
  /** The first has 0. */
  readonly index: number;
  readonly kind: ChunkKind;
}

/** Which upload a blob is of. */
export interface BlobName {
  readonly tenant: Uuid;
  readonly blob: Uuid;
  /** 32 random bytes of this upload, so that another one under the same id has another key. */
  readonly salt: Uint8Array;
}

/** Seals the chunks of one blob, and opens them. */
export interface BlobSeal {
  /** `nonce 12 || ciphertext || tag 16` */
  seal(place: ChunkPlace, plain: Uint8Array): Buffer;
  /** @throws KeysError seal_broken */
  open(place: ChunkPlace, sealed: Uint8Array): Buffer;
}

/**
 * Each chunk is sealed by AES-256-GCM (NIST SP 800-38D) under a key of the upload's own, HKDF-SHA-256
 * (RFC 5869) of the scope's key. Number and kind of the chunk are associated data, as the STREAM
 * construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) has them in the nonce. The nonce is random
 * here: an upload that was cut off may bring other bytes for a chunk that was sealed before.
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

/** `index 8, big-endian || kind 1` */
function associatedWith({ index, kind }: ChunkPlace): Uint8Array {
  const associated = Buffer.alloc(9);
  associated.writeBigUInt64BE(BigInt(index));
  associated[8] = kindBytes[kind];
  return associated;
}
