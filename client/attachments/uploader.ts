import type { Uuid } from "../../crypto/wire/uuid.ts";
import {
  maxMediaTypeBytes,
  maxNameBytes,
  type Attachment,
} from "../../crypto/device/attachments/attachment.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import { closedError } from "../options.ts";
import type { SentMessage } from "../conversation/sender.ts";
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
  readonly newId: () => Uuid;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

/** The part of a conversation that an upload ends in. */
export interface MessageQueue {
  requireOpen(): void;
  sendAttachment(
    attachment: Attachment,
    id: Uuid,
    also: (transaction: StoreTransaction) => void,
  ): Promise<SentMessage>;
}

/** A limit for what is sealed into the store; the server's own is usually far below. */
const mostBytes = 1024 * 1024 * 1024;

/** Sends files: sealed into the store, uploaded from there, then named in a message. */
export class Uploader {
  readonly #deps: UploaderDeps;

  constructor(deps: UploaderDeps) {
    this.#deps = deps;
  }

  /** @see Conversation.sendAttachment */
  async send(
    conversation: Uuid,
    queue: MessageQueue,
    file: OutgoingAttachment,
  ): Promise<SentMessage> {
    const { store, newId } = this.#deps;
    const name = file.name.toWellFormed();
    const mediaType = file.type.toWellFormed();
    if (utf8(name).length > maxNameBytes || utf8(mediaType).length > maxMediaTypeBytes)
      throw new SealdeskError("message_too_large", "The file's name or type is too long.");
    queue.requireOpen();
    const id = newId();
    const { sealed, stored } = await this.#seal(id, file);
    const attachment = { ...sealed, name, mediaType };
    // From here on the message has its id: whatever becomes of the store, it is sent once.
    const upload = { conversation, attachment, stored, message: newId() };
    await store.transact(async (transaction) => putUpload(transaction, upload));
    return this.resume(upload, queue, file.onProgress);
  }

  /** Goes on with an upload that is in the store, until it is named in the log. */
  async resume(
    upload: PendingUpload,
    queue: MessageQueue,
    onProgress: (progress: UploadProgress) => void = () => undefined,
  ): Promise<SentMessage> {
    const { store, clock, signal } = this.#deps;
    const { id } = upload.attachment;
    try {
      await transferUpload(this.#deps, upload, new Retry(clock, signal), onProgress);
      const sent = queue.sendAttachment(upload.attachment, upload.message, (transaction) =>
        deleteUpload(transaction, id),
      );
      // Should the clearing fail, that is what is said.
      sent.catch(() => undefined);
      // Needed no more: the server has it, which is what the next connection would find out.
      await clearSpool(store, id);
      return await sent;
    } catch (error) {
      // The end of the connection is no refusal: the next one goes on.
      if (signal.aborted) throw error instanceof SealdeskError ? error : closedError();
      await this.#giveUp(id);
      throw error;
    }
  }

  async #seal(id: Uuid, { size, data }: OutgoingAttachment) {
    const { store, signal } = this.#deps;
    try {
      const spooled = await spool(store, id, dataPieces(data), size ?? mostBytes);
      if (size === undefined || spooled.sealed.size === size) return spooled;
      throw new SealdeskError("attachment_unreadable", "The data is not of the size announced.");
    } catch (cause) {
      if (!signal.aborted) await clearSpool(store, id);
      if (cause instanceof SealdeskError) throw cause;
      if (codeOf(cause, "StoreError") !== undefined) throw cause;
      const isLarge = codeOf(cause, "AttachmentError") === "too_large" && size === undefined;
      throw new SealdeskError(
        isLarge ? "attachment_too_large" : "attachment_unreadable",
        isLarge ? "The file is too large." : "The data could not be read as announced.",
        { cause },
      );
    }
  }

  async #giveUp(id: Uuid): Promise<void> {
    const { store, uploads } = this.#deps;
    await store.transact(async (transaction) => deleteUpload(transaction, id));
    await clearSpool(store, id);
    // Left alone, it expires.
    await uploads.remove(id).catch(() => undefined);
  }
}
