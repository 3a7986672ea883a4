import type { AttachmentItem } from "../../client/index.ts";
import { concat } from "../../crypto/wire/bytes.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { Archive } from "../records/archive.ts";

/** Bytes of a piece of a file in the archive. */
const pieceBytes = 1024 * 1024;

/**
 * Downloads a file of a message into the archive, piece by piece. The SDK verifies each piece.
 * @param file the id of the upload
 * @returns the number of pieces
 * @throws SealdeskError attachment_not_found, attachment_damaged, closed
 */
export async function captureFile(
  archive: Archive,
  conversation: ConversationId,
  file: string,
  { attachment }: AttachmentItem,
): Promise<number> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  let pieces = 0;
  const write = async () => {
    await archive.writePiece(conversation, { file, piece: pieces++, bytes: concat(...waiting) });
    [waiting, length] = [[], 0];
  };
  for await (const part of attachment.download()) {
    waiting.push(part);
    length += part.length;
    if (length >= pieceBytes) await write();
  }
  if (length > 0) await write();
  return pieces;
}
