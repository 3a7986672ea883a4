import { bytes, fixed, message, uint, uuid, type MessageOf } from "../../wire/protobuf.ts";

/** Longest file name and media type, in bytes of UTF-8. */
export const maxNameBytes = 512;
export const maxMediaTypeBytes = 128;

/** The fields of `Attachment` in payload.proto; texts are checked where they become strings. */
export const attachmentFields = message({
  id: [1, uuid],
  name: [2, bytes(maxNameBytes)],
  mediaType: [3, bytes(maxMediaTypeBytes)],
  size: [4, uint()],
  key: [5, fixed(32)],
  plaintextDigest: [6, fixed(32)],
  ciphertextDigest: [7, fixed(32)],
  chunkBytes: [8, uint(0xffffffff)],
});

export type AttachmentFields = MessageOf<typeof attachmentFields>;

/** What opens an attachment; in the message, so that a report discloses it with the payload. */
export interface SealedAttachment {
  /** UUID of the upload; bound to every chunk. */
  readonly id: string;
  /** Bytes of plaintext, without padding. */
  readonly size: number;
  /** 32 bytes; seals this attachment and nothing else. */
  readonly key: Uint8Array;
  /** SHA-256 of the plaintext without padding. */
  readonly plaintextDigest: Uint8Array;
  /** SHA-256 of all that is uploaded, the header included. */
  readonly ciphertextDigest: Uint8Array;
  /** Bytes of padded plaintext in each chunk but the last. */
  readonly chunkBytes: number;
}

/** An attachment as a message names it. */
export interface Attachment extends SealedAttachment {
  readonly name: string;
  readonly mediaType: string;
}
