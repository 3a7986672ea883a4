import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { auditDone } from "../actor-audit.ts";
import type { AttachmentDeps } from "./attachment-deps.ts";
import { sweepTenant } from "./sweep.ts";
import { attachmentNotFound, findAttachment, type AttachmentRow } from "./upload-row.ts";
import { uploadAct } from "./uploads.ts";

/**
 * Makes sure that the device may take the upload back, in whatever state it is.
 * @throws MessagingError attachment_not_found, also for any other device
 */
export const requireOwnUpload = (
  { pool }: Pick<AttachmentDeps, "pool">,
  actor: Actor,
  id: Uuid,
): Promise<void> =>
  inTransaction(pool, actor.tenant, async (client) => void (await ownRow(client, actor, id)));

/**
 * Takes an upload back, complete, expired or damaged: its conversation lets go of it. What no other
 * conversation refers to is removed with it.
 * @throws MessagingError attachment_not_found, also for any other device
 */
export async function terminateUpload(deps: AttachmentDeps, actor: Actor, id: Uuid): Promise<void> {
  await inTransaction(deps.pool, actor.tenant, async (client) => {
    const row = await ownRow(client, actor, id, "for update");
    await client.query(
      "delete from attachment_references where attachment = $1 and conversation = $2",
      [id, row.conversation],
    );
    const decision = { allowed: true, reasons: ["own_upload"] };
    await auditDone(client, actor, uploadAct("terminate", row), decision, deps.now());
  });
  await sweepTenant(deps, actor.tenant);
}

async function ownRow(
  client: Client,
  { device }: Actor,
  id: Uuid,
  lock: "for update" | "" = "",
): Promise<AttachmentRow> {
  const row = await findAttachment(client, id, lock);
  if (row === undefined || row.device !== device || row.state === "deleting")
    throw attachmentNotFound();
  return row;
}
