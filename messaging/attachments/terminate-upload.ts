import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { auditDone } from "../actor-audit.ts";
import type { AttachmentDeps } from "./attachment-deps.ts";
import { removeMarked } from "./sweep.ts";
import { attachmentNotFound, findAttachment, type AttachmentRow } from "./upload-row.ts";
import { uploadAct } from "./uploads.ts";

/**
 * Checks that the device may terminate the upload, whatever its state.
 * @throws MessagingError attachment_not_found, also for any other device
 */
export const requireOwnUpload = (
  { pool }: Pick<AttachmentDeps, "pool">,
  actor: Actor,
  id: Uuid,
): Promise<void> =>
  inTransaction(pool, actor.tenant, async (client) => void (await ownRow(client, actor, id)));

const MARK = `
  update attachments a set state = 'deleting' where id = $1
    and not exists (select from attachment_references r where r.attachment = a.id)`;

/**
 * Terminates an upload, which may be complete, expired or damaged. Its conversation no longer
 * refers to it. If no other conversation does, it is removed.
 * @throws MessagingError attachment_not_found, also for any other device
 */
export async function terminateUpload(deps: AttachmentDeps, actor: Actor, id: Uuid): Promise<void> {
  const unneeded = await inTransaction(deps.pool, actor.tenant, async (client) => {
    const row = await ownRow(client, actor, id, "for update");
    await client.query(
      "delete from attachment_references where attachment = $1 and conversation = $2",
      [id, row.conversation],
    );
    const decision = { allowed: true, reasons: ["own_upload"] };
    await auditDone(client, actor, uploadAct("terminate", row), decision, deps.now());
    const { rowCount } = await client.query(MARK, [id]);
    return rowCount === 0 ? undefined : row;
  });
  if (unneeded !== undefined) await removeMarked(deps, actor.tenant, unneeded);
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
