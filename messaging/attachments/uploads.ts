import { randomBytes } from "node:crypto";
import type { TenantId, DeviceId, ConversationId, AttachmentId } from "../../crypto/wire/ids.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { decideConversation, type ConversationFacts } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { assertAllowed, auditDone, auditRefusals } from "../../identity/audited.ts";
import { ofConversation } from "../conversation-act.ts";
import { conversationFacts } from "../members/facts.ts";
import { MessagingError } from "../messaging-error.ts";
import { sealedBytes } from "../../keys/at-rest/blob-layout.ts";
import { periodOf } from "../../crypto/wire/key-period.ts";
import type { AttachmentDeps } from "./attachment-deps.ts";
import { appendSealed } from "./append-sealed.ts";
import { blobKeyId, sealOf } from "./blob-key.ts";
import { noticingDamage } from "./damage.ts";
import { permittedUpload } from "./own-upload.ts";
import { assertQuota, assertTenantHolds } from "./quota.ts";
import { BlobError } from "./stores/blob-store.ts";
import { readSealed } from "./read-sealed.ts";
import {
  isWhole,
  offsetOf,
  progressOf,
  saveProgress,
  type UploadProgress,
} from "./upload-progress.ts";
import { attachmentNotFound, findAttachment, type AttachmentRow } from "./upload-row.ts";

export interface NewUpload {
  readonly id: AttachmentId;
  readonly conversation: ConversationId;
  /** Length of the ciphertext, in bytes. */
  readonly size: number;
}

/** The audit actions that a device does to its uploads. */
type UploadAuditAction = "attachment.create" | "attachment.complete" | "attachment.terminate";

export const uploadAct = <A extends UploadAuditAction>(
  action: A,
  { id, conversation, size }: NewUpload,
) => ({
  action,
  resource: ofConversation(conversation),
  details: { attachment: id, size },
});

const INSERT = `
  with upload as (
    insert into attachments
      (id, tenant, conversation, uploader, device, size, created_at_ms, expires_at_ms, key_id, salt)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  )
  insert into attachment_references (tenant, attachment, conversation) values ($2, $1, $3)`;

/**
 * Creates an upload. If the same device repeats the same request, it gets the same upload.
 * @throws MessagingError forbidden, conversation_not_found, attachment_exists,
 *   attachment_too_large, quota_exceeded, key_destroyed; IdentityError device_required
 */
export function createUpload(deps: AttachmentDeps, actor: Actor, input: NewUpload): Promise<void> {
  const { id, conversation, size } = input;
  const device = deviceOf(actor);
  const { tenant, user } = actor;
  const nowMs = deps.now();
  const act = uploadAct("attachment.create", input);
  return auditRefusals(deps, actor, act, async () => {
    const { createdBy } = await inTransaction(deps.pool, tenant, async (client) => {
      const { decision, facts } = await decideUpload(client, actor, conversation);
      assertAllowed(decision);
      return facts;
    });
    // This is between transactions, so that a slow key service holds no connection and no lock.
    const scope = { conversation, subject: createdBy, author: user, period: periodOf(nowMs) };
    const keyId = await blobKeyId(deps.scopeKeys, tenant, scope);
    await inTransaction(deps.pool, tenant, async (client) => {
      const { decision } = await decideUpload(client, actor, conversation);
      assertAllowed(decision);
      const known = await findAttachment(client, id);
      if (known?.device === device && known.conversation === conversation && known.size === size)
        return;
      await auditDone(client, actor, { ...act, decision }, nowMs);
      // From here on, the counts of the account and the tenant are locked.
      const expiresAtMs = nowMs + deps.emptyUploadLifetimeMs;
      await client.query(INSERT, [
        id,
        tenant,
        conversation,
        user,
        device,
        size,
        nowMs,
        expiresAtMs,
        keyId,
        randomBytes(32),
      ]);
      await assertQuota(client, { tenant, conversation, uploader: user, size });
    }).catch((error: unknown) => {
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
      throw new MessagingError("attachment_exists", "The attachment's id is taken.");
    });
  });
}

/** An upload as its device sees it. */
export interface UploadState {
  readonly id: AttachmentId;
  readonly size: number;
  /** Number of bytes received. The next byte belongs at this offset. */
  readonly offset: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * Returns the progress of this device's upload. If all bytes are there but a crash prevented the
 * completion, it completes the upload first.
 * @throws MessagingError attachment_not_found, also for any other device; upload_expired
 */
export async function readUpload(
  deps: AttachmentDeps,
  actor: Actor,
  id: AttachmentId,
): Promise<UploadState> {
  const row = await ownUpload(deps, actor, id);
  const { size, createdAtMs, expiresAtMs } = row;
  if (row.state === "complete") return { id, size, offset: size, createdAtMs, expiresAtMs };
  const progress = await progressOf(deps.store, row);
  if (isWhole(size, progress)) await completeUpload(deps, actor, id);
  return { id, size, offset: offsetOf(size, progress), createdAtMs, expiresAtMs };
}

/**
 * Stores `data` from `offset` on. If `data` fails, everything before the failure is kept.
 * @returns the number of bytes stored so far
 * @throws MessagingError attachment_not_found, also for any other device; upload_expired,
 *   key_destroyed; quota_exceeded: the tenant holds no more bytes; contended: the upload is not at
 *   `offset`, or another request continued it in the meantime
 */
export async function receiveUpload(
  deps: AttachmentDeps,
  actor: Actor,
  id: AttachmentId,
  offset: number,
  data: AsyncIterable<Uint8Array>,
): Promise<number> {
  const { pool, store, digests, scopeKeys } = deps;
  const { tenant } = actor;
  const row = await ownUpload(deps, actor, id);
  const { size } = row;
  const seal = await sealOf(scopeKeys, tenant, row);
  const from = await progressOf(store, row);
  if (row.state === "complete" || offsetOf(size, from) !== offset) throw elsewhere();
  let saved: UploadProgress = row;
  const expiresAtMs = row.createdAtMs + deps.uploadLifetimeMs;
  const save = async (to: UploadProgress) => {
    const isSaved = await inTransaction(pool, tenant, async (client) => {
      const received = offsetOf(size, to);
      const isChanged = await saveProgress(client, id, saved, { ...to, received, expiresAtMs });
      await assertTenantHolds(client, tenant);
      return isChanged;
    });
    if (!isSaved) throw await lostUpload(deps, tenant, id);
    saved = to;
  };
  const followed = digests.follow({ tenant, id }, offset, data);
  const to = await appendSealed({ store, seal, save }, row, from, followed).catch(
    (error: unknown) => {
      throw error instanceof BlobError && isElsewhere(error) ? elsewhere() : error;
    },
  );
  return offsetOf(size, to);
}

const isElsewhere = ({ code }: BlobError): boolean =>
  code === "wrong_offset" || code === "blob_finished";

const elsewhere = (): MessagingError =>
  new MessagingError(
    "contended",
    "Another request continued this upload. Ask for its offset again.",
  );

/**
 * Returns why the row was not updated. If the upload has been removed, it also removes the stored
 * bytes.
 */
async function lostUpload(
  { pool, store }: Pick<AttachmentDeps, "pool" | "store">,
  tenant: TenantId,
  id: AttachmentId,
): Promise<MessagingError> {
  const row = await inTransaction(pool, tenant, (client) => findAttachment(client, id));
  if (row !== undefined && row.state !== "deleting") return elsewhere();
  await store.delete(id);
  return attachmentNotFound();
}

/**
 * Completes an upload that has all its bytes and makes it an attachment of its conversation, if the
 * device may still write there. A second call changes nothing.
 * @throws MessagingError forbidden, attachment_not_found, upload_expired, key_destroyed,
 *   attachment_damaged
 */
export async function completeUpload(
  deps: AttachmentDeps,
  actor: Actor,
  id: AttachmentId,
): Promise<void> {
  const upload = await ownUpload(deps, actor, id);
  const { size, conversation } = upload;
  await deps.store.finish(id, sealedBytes(size));
  const sha256 = await deps.digests.take(
    { tenant: actor.tenant, id },
    size,
    async function* (range) {
      const seal = await sealOf(deps.scopeKeys, actor.tenant, upload);
      const stored = { tenant: actor.tenant, id, conversation };
      yield* noticingDamage(deps, stored, readSealed(deps.store, seal, upload, range));
    },
  );
  const act = uploadAct("attachment.complete", upload);
  await auditRefusals(deps, actor, act, () =>
    inTransaction(deps.pool, actor.tenant, async (client) => {
      const row = await findAttachment(client, id, "for update");
      if (row === undefined || row.state === "deleting") throw attachmentNotFound();
      if (row.state === "complete") return;
      const { decision } = await decideUpload(client, actor, row.conversation);
      assertAllowed(decision);
      await client.query(
        `update attachments set state = 'complete', sha256 = $2, received = size,
           seq = (select max(seq) from events where conversation = $3)
         where id = $1`,
        [id, sha256, row.conversation],
      );
      await auditDone(client, actor, { ...act, decision }, deps.now());
    }),
  );
}

const SIBLING = `
  select exists (select from member_devices
    where conversation = $1 and user_id = $2 and device <> $3 and until_seq is null) as "hasSibling"`;

async function decideUpload(
  client: Client,
  actor: Actor,
  conversation: ConversationId,
): Promise<{ readonly decision: Decision; readonly facts: ConversationFacts }> {
  const facts = await conversationFacts(client, conversation);
  const sibling = { hasSibling: await hasSibling(client, actor, conversation) };
  return { decision: decideConversation(actor, "upload", { ...facts, ...sibling }), facts };
}

/** Returns whether the actor's account has another device in the conversation. */
export async function hasSibling(
  client: Client,
  { user, device }: Actor,
  conversation: ConversationId,
): Promise<boolean> {
  const { rows } = await client.query<{ hasSibling: boolean }>(SIBLING, [
    conversation,
    user,
    device ?? null,
  ]);
  return rows[0]?.hasSibling === true;
}

/**
 * Checks that the device may continue the upload. It completes nothing.
 * @throws MessagingError attachment_not_found, also for any other device; upload_expired, forbidden
 */
export const assertOwnUpload = async (
  deps: AttachmentDeps,
  actor: Actor,
  id: AttachmentId,
): Promise<void> => void (await ownUpload(deps, actor, id));

async function ownUpload(
  { pool, now }: AttachmentDeps,
  actor: Actor,
  id: AttachmentId,
): Promise<AttachmentRow> {
  const { row } = await inTransaction(pool, actor.tenant, (client) =>
    permittedUpload(client, actor, "continue", id),
  );
  if (row.state === "uploading" && row.expiresAtMs <= now())
    throw new MessagingError("upload_expired", "The upload was not completed in time.");
  return row;
}

function deviceOf(actor: Actor): DeviceId {
  if (actor.device === undefined)
    throw new IdentityError("device_required", "Register this device before it uploads.");
  return actor.device;
}
