import type { AttachmentId } from "../../crypto/wire/ids.ts";
import type { Attachment } from "../../crypto/wire/attachment.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import { unreached } from "../http/transport.ts";
import type { Clock } from "../runtime.ts";
import { piecesOf } from "./pieces.ts";
import { Retry } from "./retry.ts";
import type { UploadsApi } from "./uploads-api.ts";

export interface DownloadDeps {
  readonly uploads: Pick<UploadsApi, "read">;
  readonly clock: Clock;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

const maxFailures = 6;

/**
 * Yields an attachment's content in pieces. Each piece is verified first. After a lost connection
 * the download resumes where it stopped.
 * @throws SealdeskError attachment_not_found, attachment_damaged, network, closed
 */
export async function* downloadAttachment(
  deps: DownloadDeps,
  attachment: Attachment,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Loaded on use, because many pages never open a file.
  const { openAttachment, storedSize } =
    await import("../../crypto/device/attachments/open-attachment.ts");
  try {
    yield* openAttachment(attachment, ciphertext(deps, attachment.id, storedSize(attachment)));
  } catch (cause) {
    const code = codeOf(cause, "AttachmentError");
    if (code === undefined) throw cause;
    throw new SealdeskError("attachment_damaged", "The file is not the one that was sent.", {
      problem: code,
      cause,
    });
  }
}

async function* ciphertext(
  { uploads, clock, signal }: DownloadDeps,
  id: AttachmentId,
  total: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const retry = new Retry(clock, signal, maxFailures);
  for (let received = 0; received < total;) {
    try {
      const response = await uploads.read(id, received);
      // A server that does not support ranges starts again. Skip the part that was read before.
      let position = response.status === 206 ? received : 0;
      for await (const piece of bodyOf(response.body, signal)) {
        const fresh = piece.subarray(Math.max(0, received - position));
        position += piece.length;
        received += fresh.length;
        if (fresh.length > 0) yield fresh;
        retry.succeeded();
      }
      if (received < total) throw unreached(signal, new Error("the answer ended early"));
    } catch (error) {
      await retry.after(error);
    }
  }
}

async function* bodyOf(
  body: ReadableStream<Uint8Array> | null | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null || body === undefined) return;
  const pieces = piecesOf(body);
  try {
    for (;;) {
      const next = await pieces.next().catch((cause: unknown) => {
        throw unreached(signal, cause);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await pieces.return();
  }
}
