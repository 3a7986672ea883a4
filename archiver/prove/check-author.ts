import type { Member } from "../../crypto/wire/frame.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { verifyAuthor } from "../../crypto/device/authorship.ts";
import type { ArchivedEvent } from "../records/archived-event.ts";
import type { DeviceKeys } from "./device-keys.ts";

/**
 * Returns what is wrong with the author of a message; undefined if nothing is. The sender must be the member who has the
 * sending device, and that device must have signed the content (`sealdesk/message/v1` in docs/crypto.md) with the receipt
 * key that the key log shows. Of a message without content, only the first can be checked.
 * @param members the members before the message
 */
export function authorFaultOf(
  conversation: ConversationId,
  event: ArchivedEvent,
  members: readonly Member[],
  devices: DeviceKeys,
): string | undefined {
  const { sender, senderDevice, content, commitment } = event;
  const owner = members.find((member) => member.devices.includes(senderDevice));
  if (sender !== owner?.user) return "its sender is not the member who has the sending device";
  if (content === undefined) return undefined;
  const author = devices.get(senderDevice);
  if (author === undefined || author.user !== sender)
    return "the key log does not show the sending device as its sender's";
  if (content.signature === undefined) return "it lacks the signature of the sending device";
  try {
    verifyAuthor(content.signature, { ...event, conversation }, commitment, author);
    return undefined;
  } catch {
    return "the sending device did not sign it as its sender's";
  }
}
