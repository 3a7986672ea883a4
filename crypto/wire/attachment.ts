import type { AttachmentId } from "./ids.ts";
import { bytes, fixed, message, attachmentId, uint, type MessageOf } from "./protobuf.ts";

/** The greatest length of a file name and of a media type, in bytes of UTF-8. */
export const maxNameBytes = 512;
export const maxMediaTypeBytes = 128;

/** The fields of `Attachment` in payload.proto. Texts are checked when they become strings. */
export const attachmentFields = message({
  id: [1, attachmentId],
  name: [2, bytes(maxNameBytes)],
  mediaType: [3, bytes(maxMediaTypeBytes)],
  size: [4, uint()],
  key: [5, fixed(32)],
  plaintextDigest: [6, fixed(32)],
  ciphertextDigest: [7, fixed(32)],
  chunkBytes: [8, uint(0xffffffff)],
});

export type AttachmentFields = MessageOf<typeof attachmentFields>;

/**
 * The secrets that open an attachment. They are part of the message, so a report of the payload
 * discloses them.
 */
export interface SealedAttachment {
  /** UUID of the upload. Every chunk is bound to it. */
  readonly id: AttachmentId;
  /** The size of the plaintext without padding, in bytes. */
  readonly size: number;
  /** 32 bytes that seal only this attachment. */
  readonly key: Uint8Array;
  /** SHA-256 of the plaintext without padding. */
  readonly plaintextDigest: Uint8Array;
  /** SHA-256 of everything that is uploaded, including the header. */
  readonly ciphertextDigest: Uint8Array;
  /** The size of the padded plaintext in each chunk except the last, in bytes. */
  readonly chunkBytes: number;
}

/** An attachment as its message describes it. */
export interface Attachment extends SealedAttachment {
  readonly name: string;
  readonly mediaType: string;
}
