import type { AttachmentData } from "./pieces.ts";

/** A file to send. */
export interface OutgoingAttachment {
  readonly name: string;
  /** The media type, such as `image/png`. */
  readonly type: string;
  /** Bytes. When given, data of any other size is refused. */
  readonly size?: number;
  readonly data: AttachmentData;
  /** Called as the upload gets on, with bytes of ciphertext. */
  readonly onProgress?: (progress: UploadProgress) => void;
}

export interface UploadProgress {
  readonly uploaded: number;
  readonly total: number;
}
