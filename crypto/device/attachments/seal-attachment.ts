import type { AttachmentId } from "../../wire/ids.ts";
import { concat, utf8 } from "../../wire/bytes.ts";
import { uuidToBytes } from "../../wire/uuid.ts";
import { randomBytes } from "../sodium.ts";
import type { SealedAttachment } from "../../wire/attachment.ts";
import { AttachmentError } from "./attachment-error.ts";
import { inChunks } from "./in-chunks.ts";
import { paddedSize } from "./padded-size.ts";
import { RunningSha256, streamSizes, StreamSealer } from "./secret-stream.ts";

/** The size of the padded plaintext in a chunk, in bytes. */
export const chunkBytes = 64 * 1024;

/** Returns the associated data that every chunk of an attachment is bound to. */
export const attachmentContext = (id: AttachmentId): Uint8Array =>
  concat(utf8("sealdesk/attachment/v1"), uuidToBytes(id));

/**
 * Seals `data` under a random key. Yields the header and then the chunks as the data arrives, and
 * returns the secrets that open them. It holds one chunk at a time. Store the yielded bytes if you
 * may have to send them again, because a second sealing has another key.
 * @param limit the greatest size of the plaintext, in bytes
 * @throws AttachmentError too_large; whatever `data` throws
 */
export async function* sealAttachment(
  id: AttachmentId,
  data: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Uint8Array, SealedAttachment, undefined> {
  const key = randomBytes(streamSizes.key);
  const sealer = new StreamSealer(key, attachmentContext(id));
  const plaintext = new RunningSha256();
  const ciphertext = new RunningSha256();
  let size = 0;
  async function* padded(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of data) {
      size += piece.length;
      if (size > limit) throw new AttachmentError("too_large", "The attachment is too large.");
      plaintext.update(piece);
      yield piece;
    }
    yield* zeros(paddedSize(size) - size);
  }

  ciphertext.update(sealer.header);
  yield sealer.header;
  for await (const { bytes, last } of inChunks(padded(), chunkBytes)) {
    const sealed = sealer.seal(bytes, last);
    ciphertext.update(sealed);
    yield sealed;
  }
  return {
    id,
    size,
    key,
    plaintextDigest: plaintext.digest(),
    ciphertextDigest: ciphertext.digest(),
    chunkBytes,
  };
}

function* zeros(count: number): Generator<Uint8Array, void, undefined> {
  for (let left = count; left > 0; left -= chunkBytes)
    yield new Uint8Array(Math.min(left, chunkBytes));
}
