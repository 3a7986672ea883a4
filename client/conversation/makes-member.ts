import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import type { Self } from "./history.ts";
import { isListedUnder, type ConversationState } from "./state.ts";

/**
 * Returns whether a membership event makes this device a member, as far as this device can know. Such an
 * event must bring the creation record (docs/receiver.md, "enters"). A device that is no
 * member sees nothing before it.
 * @param before the state before the event, which may lie further back than the event before it
 */
export function makesMember(
  before: ConversationState | undefined,
  { seq, kind }: Pick<Deliver, "seq" | "kind">,
  { subject, members }: Pick<Control, "subject" | "members">,
  self: Self,
): boolean {
  if (!isListedUnder(members, self.user, self.device)) return false;
  if (kind === "created") return true;
  if (kind !== "member_added" && kind !== "device_added") return false;
  const isAboutSelf = subject === self.user;
  const isNext = seq === (before?.seq ?? 0) + 1;
  // The event that did so may be gone, or have had an invalid creation record. Then the next event that
  // has the record does.
  if (before?.joined !== true)
    return isAboutSelf || (isNext && (before?.unseen === true || before?.invalid === true));
  // The event that ended the membership may be gone, or malformed. A device that is added right after it
  // may also be another one of this account.
  const mayHaveLeft = before.afterGap || before.malformed;
  return mayHaveLeft && isAboutSelf && (kind === "member_added" || !isNext);
}
