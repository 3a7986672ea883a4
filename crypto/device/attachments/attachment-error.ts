export type AttachmentErrorCode =
  | "truncated" // the ciphertext ends before its final chunk does
  | "damaged" // a chunk does not authenticate: changed, moved, or another attachment's
  | "extended" // bytes come after the final chunk
  | "malformed_padding" // what stands after the plaintext is not the zeros that belong there
  | "digest_mismatch" // not the plaintext or the ciphertext that the message names
  | "too_large"; // more bytes than were announced, or than an attachment may have

/**
 * Says how an attachment differs from what its message names. The message of the error never holds
 * content.
 */
export class AttachmentError extends Error {
  override readonly name = "AttachmentError";
  readonly code: AttachmentErrorCode;
  constructor(code: AttachmentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
