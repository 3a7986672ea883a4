import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Deliver } from "../../crypto/wire/frame.ts";
import type { LastSeen } from "../../crypto/wire/payload.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { isListedUnder, memberWith, type ConversationState } from "./state.ts";

/** Why a message is not opened. */
export type MessageRefusal = "not_a_member" | "untrusted_sender" | "wrong_epoch";

/**
 * Returns why a message must not be opened (R15), or undefined if it may be.
 * @param sender the user who owns the sending device by certificate; undefined if there is none
 */
export function refusalOf(
  state: Pick<ConversationState, "members" | "epoch"> | undefined,
  sender: UserId | undefined,
  { senderDevice, epoch }: Pick<Deliver, "senderDevice" | "epoch">,
): MessageRefusal | undefined {
  const members = state?.members ?? [];
  const from = memberWith(members, senderDevice);
  // An archiver only receives.
  if (from === undefined || from.role === "archiver") return "not_a_member";
  // The certificate decides who sent the message. The relay's list of members must agree.
  if (sender === undefined || !isListedUnder(members, sender, senderDevice))
    return "untrusted_sender";
  // The relay accepts a message only in the epoch that it was sealed for.
  return state?.epoch === epoch ? undefined : "wrong_epoch";
}

/**
 * Returns whether the event that the sender of a message saw last is in this device's log, as far as
 * this device can know (R17).
 * @param recorded the hash that this device recorded at `lastSeen.seq`; undefined if it saw no event there
 */
export const isSameLog = (
  { seq }: Pick<Deliver, "seq">,
  lastSeen: LastSeen,
  recorded: Uint8Array | undefined,
): boolean =>
  lastSeen.seq < seq && (recorded === undefined || equalBytes(recorded, lastSeen.transcriptHash));
