import type { AttachmentId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { auditDone, auditRefusals } from "../../identity/audited.ts";
import type { ConversationAct } from "../conversation-act.ts";
import type { AttachmentDeps } from "./attachment-deps.ts";
import { permittedUpload, type PermittedUpload } from "./own-upload.ts";
import { removeMarked } from "./sweep.ts";
import { attachmentNotFound, findAttachment } from "./upload-row.ts";
import { uploadAct } from "./uploads.ts";

/**
 * Checks that the device may terminate the upload. Call it before you lock the upload, because others
 * must not interrupt a transfer. Refusals are in the audit log.
 * @throws MessagingError attachment_not_found, also for any other device; forbidden
 */
export const assertMayTerminate = (
  deps: AttachmentDeps,
  actor: Actor,
  id: AttachmentId,
): Promise<void> => terminating(deps, actor, id, async () => undefined);

const MARK = `
  update attachments a set state = 'deleting' where id = $1
    and not exists (select from attachment_references r where r.attachment = a.id)`;

/**
 * Terminates an upload. Its conversation no longer refers to it. If no other conversation does, it is
 * removed. A complete upload is an attachment, so this needs a member of an open conversation. An
 * unfinished or expired one can always be taken back by its device. Refusals are in the audit log.
 * @throws MessagingError attachment_not_found, also for any other device; forbidden
 */
export async function terminateUpload(
  deps: AttachmentDeps,
  actor: Actor,
  id: AttachmentId,
): Promise<void> {
  const unneeded = await terminating(deps, actor, id, async (client, { row, decision }, act) => {
    await client.query(
      "delete from attachment_references where attachment = $1 and conversation = $2",
      [id, row.conversation],
    );
    await auditDone(client, actor, { ...act, decision }, deps.now());
    const { rowCount } = await client.query(MARK, [id]);
    return rowCount === 0 ? undefined : row;
  });
  if (unneeded !== undefined) await removeMarked(deps, actor.tenant, unneeded);
}

async function terminating<T>(
  deps: AttachmentDeps,
  actor: Actor,
  id: AttachmentId,
  work: (
    client: Client,
    upload: PermittedUpload,
    act: ConversationAct<"attachment.terminate">,
  ) => Promise<T>,
): Promise<T> {
  const { pool } = deps;
  const found = await inTransaction(pool, actor.tenant, (client) => findAttachment(client, id));
  if (found === undefined) throw attachmentNotFound();
  const act = uploadAct("attachment.terminate", found);
  return auditRefusals(deps, actor, act, () =>
    inTransaction(pool, actor.tenant, async (client) =>
      work(client, await permittedUpload(client, actor, "terminate", id, "for update"), act),
    ),
  );
}
