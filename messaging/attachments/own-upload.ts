import type { AttachmentId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideUpload, type UploadAction, type UploadFacts } from "../../policies/uploads.ts";
import { assertAllowed } from "../../identity/audited.ts";
import { conversationFacts } from "../members/facts.ts";
import { attachmentNotFound, findAttachment, type AttachmentRow } from "./upload-row.ts";

/** An upload, and why the actor may act on it. */
export interface PermittedUpload {
  readonly row: AttachmentRow;
  readonly decision: Decision;
}

/**
 * Returns the upload if the actor may do `action` to it.
 * @param lock "for update" locks the row before a change
 * @throws MessagingError attachment_not_found, also for the upload of another device; forbidden
 */
export async function permittedUpload(
  client: Client,
  actor: Actor,
  action: UploadAction,
  id: AttachmentId,
  lock: "for update" | "" = "",
): Promise<PermittedUpload> {
  const row = await findAttachment(client, id, lock);
  if (row === undefined || row.state === "deleting") throw attachmentNotFound();
  const decision = decideUpload(actor, action, await uploadFacts(client, row));
  assertUpload(decision);
  return { row, decision };
}

/** Returns whether a hold or a lock preserves an attachment. None begins until the transaction ends. */
async function isAttachmentPreserved(client: Client, id: AttachmentId): Promise<boolean> {
  const { rows } = await client.query<{ isPreserved: boolean }>(
    'select sealdesk.is_attachment_preserved($1) as "isPreserved"',
    [id],
  );
  return rows[0]?.isPreserved !== false;
}

/**
 * Returns the facts for a decision about an upload.
 * @throws MessagingError attachment_not_found
 */
export async function uploadFacts(
  client: Client,
  { id, conversation, device, state }: AttachmentRow,
): Promise<UploadFacts> {
  if (state === "deleting") throw attachmentNotFound();
  const {
    tenant,
    state: conversationState,
    members,
    restrictedTo,
  } = await conversationFacts(client, conversation);
  const isPreserved = state === "complete" && (await isAttachmentPreserved(client, id));
  return { tenant, device, state, members, restrictedTo, conversationState, isPreserved };
}

/**
 * @throws MessagingError attachment_not_found for the upload of another device, which must not learn
 *   that the upload exists; forbidden
 */
export function assertUpload(decision: Decision): void {
  if (decision.reasons.includes("foreign_device")) throw attachmentNotFound();
  assertAllowed(decision);
}
