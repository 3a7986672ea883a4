import type { Uuid } from "../../crypto/wire/uuid.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { auditDone } from "../actor-audit.ts";
import type { AttachmentDeps } from "./attachment-deps.ts";
import { sweepTenant } from "./sweep.ts";
import { attachmentNotFound, findAttachment } from "./upload-row.ts";
import { uploadAct } from "./uploads.ts";

/**
 * Takes an upload back, complete or not: its conversation lets go of it. What no other conversation
 * refers to is removed with it.
 * @throws MessagingError attachment_not_found, also for any other device
 */
export async function terminateUpload(deps: AttachmentDeps, actor: Actor, id: Uuid): Promise<void> {
  await inTransaction(deps.pool, actor.tenant, async (client) => {
    const row = await findAttachment(client, id, "for update");
    if (row === undefined || row.device !== actor.device || row.state === "deleting")
      throw attachmentNotFound();
    await client.query(
      "delete from attachment_references where attachment = $1 and conversation = $2",
      [id, row.conversation],
    );
    const decision = { allowed: true, reasons: ["own_upload"] };
    await auditDone(client, actor, uploadAct("terminate", row), decision, deps.now());
  });
  await sweepTenant(deps, actor.tenant);
}
