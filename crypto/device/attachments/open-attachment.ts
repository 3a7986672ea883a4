import { equalBytes } from "../../wire/bytes.ts";
import type { SealedAttachment } from "../../wire/attachment.ts";
import { AttachmentError, type AttachmentErrorCode } from "./attachment-error.ts";
import { paddedSize, sealedSize } from "./padded-size.ts";
import { attachmentContext } from "./seal-attachment.ts";
import { RunningSha256, StreamOpener, streamSizes } from "./secret-stream.ts";
import { Taker } from "./taker.ts";

// A chunk is held in memory, so the sender must not decide how large it may be.
const leastChunk = 4 * 1024;
const largestChunk = 1024 * 1024;

/**
 * Yields the plaintext of an attachment in chunks. Each chunk is authenticated at its place before
 * it is yielded. The content is complete and correct only when the iteration has ended without an
 * error. If you cannot undo its use, wait for the end.
 * @throws AttachmentError truncated, damaged, extended, malformed_padding, digest_mismatch,
 *   too_large; whatever `data` throws
 */
export async function* openAttachment(
  attachment: SealedAttachment,
  data: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { id, key, size, chunkBytes } = attachment;
  assertChunkBytes(chunkBytes);
  const ciphertext = new RunningSha256();
  const plaintext = new RunningSha256();
  const taker = new Taker(data, (piece) => ciphertext.update(piece));
  try {
    const header = await taker.take(streamSizes.header);
    if (header.length < streamSizes.header) throw failure("truncated");
    const opener = new StreamOpener(header, key, attachmentContext(id));
    const total = paddedSize(size);
    for (let position = 0; position < total;) {
      const length = Math.min(chunkBytes, total - position);
      const sealed = await taker.take(length + streamSizes.perChunk);
      if (sealed.length < length + streamSizes.perChunk) throw failure("truncated");
      const opened = opener.open(sealed);
      const last = position + length === total;
      if (opened === undefined || opened.final !== last) throw failure("damaged");
      const content = Math.max(0, Math.min(length, size - position));
      if (opened.chunk.subarray(content).some((byte) => byte !== 0))
        throw failure("malformed_padding");
      position += length;
      if (content === 0) continue;
      const chunk = opened.chunk.subarray(0, content);
      plaintext.update(chunk);
      yield chunk;
    }
    if ((await taker.take(1)).length > 0) throw failure("extended");
    if (
      !equalBytes(plaintext.digest(), attachment.plaintextDigest) ||
      !equalBytes(ciphertext.digest(), attachment.ciphertextDigest)
    )
      throw failure("digest_mismatch");
  } finally {
    await taker.close();
  }
}

/**
 * Returns how many bytes an attachment takes on the server.
 * @throws AttachmentError damaged
 */
export function storedSize({ size, chunkBytes }: SealedAttachment): number {
  assertChunkBytes(chunkBytes);
  return sealedSize(size, chunkBytes);
}

function assertChunkBytes(chunkBytes: number): void {
  if (chunkBytes < leastChunk || chunkBytes > largestChunk) throw failure("damaged");
}

const reasons: Readonly<Record<AttachmentErrorCode, string>> = {
  truncated: "The attachment ends too early.",
  damaged: "A part of the attachment was changed, moved, or belongs to another.",
  extended: "Something was added to the attachment.",
  malformed_padding: "The attachment is not padded as it must be.",
  digest_mismatch: "The attachment is not the one that its message names.",
  too_large: "The attachment is too large.",
};

const failure = (code: AttachmentErrorCode): AttachmentError =>
  new AttachmentError(code, reasons[code]);
