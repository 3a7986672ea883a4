/**
 * What the sending device signs of its message. The signature travels inside the encryption, and grants
 * and reports pass it on.
 */
import { utf8 } from "./bytes.ts";
import type { ConversationId, DeviceId, MessageId, TenantId, UserId } from "./ids.ts";
import { writeUuid } from "./uuid.ts";

const label = utf8("sealdesk/message/v1");

/** Everything that the signature of a message is about. */
export interface Authorship {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  /** The sender. An account may certify keys that are not its own, so the signature names the user. */
  readonly user: UserId;
  readonly senderDevice: DeviceId;
  readonly epoch: number;
  readonly clientMessageId: MessageId;
  /** It commits to the payload, 32 bytes. */
  readonly commitment: Uint8Array;
}

/**
 * Returns `label || tenant || conversation || user || sender device || u32 epoch || client message id ||
 * commitment`. Every field has a fixed width, so no two messages share an encoding.
 * @throws RangeError when `commitment` is not 32 bytes long
 */
export function authorshipBytes(authorship: Authorship): Uint8Array {
  const { tenant, conversation, user, senderDevice, epoch, clientMessageId, commitment } =
    authorship;
  if (commitment.length !== 32) throw new RangeError("A commitment has 32 bytes.");
  const start = label.length;
  const bytes = new Uint8Array(start + 5 * 16 + 4 + 32);
  bytes.set(label, 0);
  writeUuid(tenant, bytes, start);
  writeUuid(conversation, bytes, start + 16);
  writeUuid(user, bytes, start + 32);
  writeUuid(senderDevice, bytes, start + 48);
  new DataView(bytes.buffer).setUint32(start + 64, epoch);
  writeUuid(clientMessageId, bytes, start + 68);
  bytes.set(commitment, start + 84);
  return bytes;
}
