import { createHash } from "node:crypto";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { linkHash } from "../../crypto/wire/event.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { verifyCommitment } from "../../crypto/device/franking.ts";
import { openPayload } from "../../crypto/device/payload.ts";
import type { ArchivedEvent } from "../records/archived-event.ts";
import { controlOf } from "../records/body-of.ts";

const sha256 = (input: Uint8Array): Uint8Array => createHash("sha256").update(input).digest();

/**
 * Returns what is wrong with an event by itself: its hash is not that of its fields, or its content is not what the
 * sender committed to. Undefined if it is right.
 */
export function faultOf(conversation: ConversationId, event: ArchivedEvent): string | undefined {
  const { previousHash, digest, commitment, transcriptHash, control, content } = event;
  const header = { ...event, conversation };
  if (!equalBytes(linkHash(sha256, previousHash, header, digest, commitment), transcriptHash))
    return "its fields are not those that its transcript hash covers";
  if (control !== undefined && !equalBytes(sha256(control), digest))
    return "its content is not the one in the log";
  if (event.kind === "message" ? control !== undefined : control === undefined)
    return "it lacks the content of its kind";
  if (control !== undefined && controlOf(event) === undefined)
    return "its content is not that of a change of the members";
  if (content === undefined) return undefined;
  try {
    verifyCommitment(content.frankingKey, content.payload, commitment);
    openPayload(content.payload, header);
    return undefined;
  } catch {
    return "its content is not what its sender committed to";
  }
}
