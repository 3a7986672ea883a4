import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { DeviceId, ConversationId, AttachmentId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { MessagingError } from "../messaging-error.ts";

/** The row of an attachment. */
export interface AttachmentRow {
  readonly id: AttachmentId;
  readonly conversation: ConversationId;
  /** Id of the key that seals the stored bytes. */
  readonly keyId: Uuid;
  /** 32 random bytes, new for each upload. */
  readonly salt: Uint8Array;
  readonly device: DeviceId;
  readonly size: number;
  readonly state: "uploading" | "complete" | "deleting";
  /** Number of chunks that are stored durably, and the beginning of the next one, sealed. */
  readonly chunks: number;
  readonly tail: Uint8Array | undefined;
  readonly sha256: Uint8Array | undefined;
  readonly seq: number | undefined;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

interface StoredAttachment {
  readonly conversation: ConversationId;
  readonly key_id: Uuid;
  readonly salt: Buffer;
  readonly chunks: number;
  readonly tail: Buffer | null;
  readonly device: DeviceId;
  readonly size: number;
  readonly state: AttachmentRow["state"];
  readonly sha256: Buffer | null;
  readonly seq: number | null;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
}

/**
 * Returns the row, or undefined if this tenant has none. Pass "for update" to lock it before a
 * change.
 */
export async function findAttachment(
  client: Client,
  id: AttachmentId,
  lock: "for update" | "" = "",
): Promise<AttachmentRow | undefined> {
  const { rows } = await client.query<StoredAttachment>(
    `select conversation, key_id, salt, chunks, tail, device, size, state, sha256, seq, created_at_ms, expires_at_ms
     from attachments where id = $1 ${lock}`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    id,
    conversation: row.conversation,
    keyId: row.key_id,
    salt: row.salt,
    chunks: row.chunks,
    tail: row.tail ?? undefined,
    device: row.device,
    size: row.size,
    state: row.state,
    sha256: row.sha256 ?? undefined,
    seq: row.seq ?? undefined,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

export const attachmentNotFound = (): MessagingError =>
  new MessagingError("attachment_not_found", "There is no such attachment.");
