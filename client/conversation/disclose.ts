import type { ReadTransaction } from "../../crypto/device/store.ts";
import type { ConversationId, TenantId } from "../../crypto/wire/ids.ts";
import type { ReportedAuthor, ReportedMessage } from "../../crypto/wire/report.ts";
import { certifiedFromFields } from "../../crypto/device/certified-fields.ts";
import { certificateOf } from "../device/certificates.ts";
import { readHistory } from "./history.ts";

/** What a report of a message discloses: see `verifyReport`. */
export interface Disclosure {
  readonly message: ReportedMessage;
  readonly author: ReportedAuthor;
}

/**
 * Returns what a report of the message `seq` discloses, whether this device received it, sent it or was
 * granted it. Returns undefined for anything that is not shown as a message.
 */
export async function discloseMessage(
  transaction: ReadTransaction,
  tenant: TenantId,
  conversation: ConversationId,
  seq: number,
): Promise<Disclosure | undefined> {
  const [found] = await readHistory(transaction, conversation, seq - 1, 1);
  if (found?.[0] !== seq) return undefined;
  const { senderDevice, epoch, clientMessageId, receivedAtMs, ...record } = found[1];
  const { frankingTag, payload, frankingKey, signature } = record;
  if (payload === undefined || frankingKey === undefined || signature === undefined)
    return undefined;
  const fields = await certificateOf(transaction, senderDevice);
  if (fields === undefined) return undefined;
  const { record: author, signature: certificate } = certifiedFromFields(tenant, fields);
  const header = { conversation, senderDevice, epoch, clientMessageId, receivedAtMs };
  return {
    message: { header, frankingTag, payload, frankingKey, signature },
    author: { record: author, certificate },
  };
}
