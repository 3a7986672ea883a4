import type { AttachmentData } from "./pieces.ts";

/** A file to send. */
export interface OutgoingAttachment {
  /** The file's name, at most 512 bytes of UTF-8. */
  readonly name: string;
  /** The media type, such as `image/png`; at most 128 bytes. */
  readonly type: string;
  /** Size in bytes. If you set it, data of any other size is refused. */
  readonly size?: number;
  readonly data: AttachmentData;
  /** Called while the upload proceeds, with bytes of ciphertext. */
  readonly onProgress?: (progress: UploadProgress) => void;
}

export interface UploadProgress {
  readonly uploaded: number;
  readonly total: number;
}
