import { maxMediaTypeBytes, maxNameBytes, type Attachment } from "../../crypto/wire/attachment.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import type { ConversationId, NewId, AttachmentId, MessageId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import { closedError } from "../options.ts";
import type { SentMessage } from "../conversation/waiting-messages.ts";
import type { Clock } from "../runtime.ts";
import type { OutgoingAttachment, UploadProgress } from "./outgoing.ts";
import { dataPieces } from "./pieces.ts";
import { Retry } from "./retry.ts";
import { clearSpool, deleteUpload, putUpload, spool, type PendingUpload } from "./spool.ts";
import { transferUpload } from "./transfer-upload.ts";
import type { UploadsApi } from "./uploads-api.ts";

export interface UploaderDeps {
  readonly store: DeviceStore;
  readonly uploads: UploadsApi;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

/** The part of a conversation that queues the message of a finished upload. */
export interface MessageQueue {
  assertOpen(): number;
  sendAttachment(
    attachment: Attachment,
    id: MessageId,
    after: number,
    also: (transaction: StoreTransaction) => void,
  ): Promise<SentMessage>;
}

/** The most bytes to seal into the store. The server's own limit is usually far lower. */
const mostBytes = 1024 * 1024 * 1024;

/**
 * Sends files. It seals a file into the store, uploads it from there, and then queues a message
 * that names it.
 */
export class Uploader {
  readonly #deps: UploaderDeps;

  constructor(deps: UploaderDeps) {
    this.#deps = deps;
  }

  /** @see Conversation.sendAttachment */
  async send(
    conversation: ConversationId,
    queue: MessageQueue,
    file: OutgoingAttachment,
  ): Promise<SentMessage> {
    const { store, newId } = this.#deps;
    const { name, type: mediaType } = file;
    if (utf8(name).length > maxNameBytes || utf8(mediaType).length > maxMediaTypeBytes)
      throw new SealdeskError(
        "message_too_large",
        `A file's name may have at most ${maxNameBytes} bytes of UTF-8, and its type at most ${maxMediaTypeBytes}.`,
      );
    const data = dataPieces(file.data);
    const after = queue.assertOpen();
    const id = newId<AttachmentId>();
    const { sealed, stored } = await this.#seal(id, data, file.size);
    const attachment = { ...sealed, name, mediaType };
    // The message gets its id now. So it is sent only once, even if the store is restored from an
    // older copy.
    const upload = { conversation, attachment, stored, message: newId<MessageId>(), after };
    await store.transact(async (transaction) => putUpload(transaction, upload));
    return this.resume(upload, queue, file.onProgress);
  }

  /** Resumes an upload that is in the store. Resolves when its message is in the log. */
  async resume(
    upload: PendingUpload,
    queue: MessageQueue,
    onProgress: (progress: UploadProgress) => void = () => undefined,
  ): Promise<SentMessage> {
    const { store, clock, signal } = this.#deps;
    const { id } = upload.attachment;
    try {
      await transferUpload(this.#deps, upload, new Retry(clock, signal), onProgress);
      const { attachment, message, after } = upload;
      const sent = queue.sendAttachment(attachment, message, after, (transaction) =>
        deleteUpload(transaction, id),
      );
      // If clearing the store fails, the caller gets that error.
      sent.catch(() => undefined);
      // The server has the file now. After a lost connection, the server would say so.
      await clearSpool(store, id);
      return await sent;
    } catch (error) {
      // The end of the connection is not a refusal. The next connection resumes the upload.
      if (signal.aborted) throw error instanceof SealdeskError ? error : closedError();
      await this.#giveUp(id);
      throw error;
    }
  }

  async #seal(id: AttachmentId, data: AsyncIterable<Uint8Array>, size: number | undefined) {
    const { store, signal } = this.#deps;
    try {
      const spooled = await spool(store, id, data, size ?? mostBytes);
      if (size === undefined || spooled.sealed.size === size) return spooled;
      throw new SealdeskError(
        "attachment_unreadable",
        `The data has ${spooled.sealed.size} bytes, but \`size\` is ${size}.`,
      );
    } catch (cause) {
      if (!signal.aborted) await clearSpool(store, id);
      if (codeOf(cause, "AttachmentError") !== "too_large") throw cause;
      throw size === undefined
        ? new SealdeskError("attachment_too_large", "The file is too large.", { cause })
        : new SealdeskError("attachment_unreadable", `The data has more bytes than ${size}.`, {
            cause,
          });
    }
  }

  async #giveUp(id: AttachmentId): Promise<void> {
    const { store, uploads } = this.#deps;
    await store.transact(async (transaction) => deleteUpload(transaction, id));
    await clearSpool(store, id);
    // If this fails, the server's copy expires.
    await uploads.remove(id).catch(() => undefined);
  }
}
