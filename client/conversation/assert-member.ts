import type { UserId } from "../../crypto/wire/ids.ts";
import { SealdeskError } from "../errors.ts";
import type { ConversationState } from "./state.ts";

/**
 * Requires that this device may seal for the members of a conversation (R25).
 * @throws SealdeskError not_a_member, membership_unverified
 */
export function assertMember(
  state: ConversationState | undefined,
): asserts state is ConversationState {
  if (state?.joined !== true)
    throw new SealdeskError("not_a_member", "This device is not a member of the conversation.");
  if (state.malformed) throw unverified();
}

/**
 * Requires that somebody else could read a message (R26). If the tenant's authority certifies none of the
 * other members, it would be sealed for nobody.
 * @throws SealdeskError untrusted_member
 */
export function assertReaders({ members, uncertified }: ConversationState, self: UserId): void {
  const others = members.filter(({ user, devices }) => user !== self && devices.length > 0);
  const [first] = others;
  if (first === undefined || others.some(({ user }) => !uncertified.includes(user))) return;
  throw new SealdeskError(
    "untrusted_member",
    "The tenant's authority does not certify that the other members are staff now. If this device's clock is wrong, set it.",
    { user: first.user, problem: "staff_not_certified" },
  );
}

/** Returns the error of a message to members whom nobody knows. */
export const unverified = (): SealdeskError =>
  new SealdeskError(
    "membership_unverified",
    "The server showed a change of the members that no act makes. Nothing is sent to them.",
  );

/** Returns the error of a message that was written before somebody came unseen. */
export const arrivedUnseen = (): SealdeskError =>
  new SealdeskError(
    "arrived_unseen",
    "Somebody came unseen after the message was written. Show who it is before you send it again.",
  );

/** Returns whether this device may seal for the members of a conversation. */
export const isMember = (state: ConversationState): boolean => state.joined && !state.malformed;
