import {
  actOf,
  arrivalsBetween,
  isPossible,
  membershipAfter,
  type MembershipAct,
} from "../../crypto/wire/membership.ts";
import type { Control, Deliver, Member } from "../../crypto/wire/frame.ts";
import type { Self } from "./history.ts";
import { hasDevice, isListedUnder, withoutDevice, type ConversationState } from "./state.ts";
import type { Verdict } from "./verdict.ts";

type Placed = Pick<Deliver, "seq" | "epoch"> & { readonly kind: MembershipAct["kind"] };

/**
 * Judges a membership event whose place in the log was checked. If this device saw the event before it,
 * the members must be those of then, changed by the act. If it did not, it takes the list as it is and
 * returns who is new to it. It takes such a list only after a gap, or from an event that makes it a
 * member.
 * @param control undefined if the event has no valid content
 */
export function judgeControl(
  before: ConversationState | undefined,
  event: Placed,
  control: Control | undefined,
  self: Self,
): Verdict {
  if (control === undefined) return { kind: "malformed", leaves: false };
  const malformed = {
    kind: "malformed",
    leaves: !hasDevice(control.members, self.device),
  } as const;
  // A creation is the first event, and there is one.
  if (control.epoch !== event.epoch || (event.kind === "created") !== (event.seq === 1))
    return malformed;
  const act = actOf(event.kind, control);
  if (before !== undefined && sawMembers(before, event, self)) {
    const follows =
      control.epoch === before.epoch + (keepsEpoch.has(event.kind) ? 0 : 1) &&
      membershipAfter(before.members, act) !== undefined;
    return follows ? { kind: "accepted", control, arrived: [], enters: false } : malformed;
  }
  const wasMember = before !== undefined && hasDevice(before.members, self.device);
  const isEntryGone = before?.unseen === true && !wasMember;
  const enters = brings(act, self, isEntryGone);
  if (!isPossible(act) || !(enters || (wasMember && before.unseen))) return malformed;
  const arrived = before === undefined ? [] : unseenArrivals(before.members, act, self);
  return { kind: "accepted", control, arrived, enters };
}

/** Kinds of events that leave the members unchanged. */
const keepsEpoch = new Set<MembershipAct["kind"]>(["closed", "history_granted", "consent_changed"]);

/** Returns whether this device knows the members as they are right before the event. */
const sawMembers = (before: ConversationState, { seq }: Placed, { device }: Self): boolean =>
  seq === before.seq + 1 && !before.unseen && hasDevice(before.members, device);

/**
 * Returns whether the event makes this device a member.
 * @param isEntryGone the event that did so may be gone. Then another one with the creation record does.
 */
function brings(
  { kind, subject, members }: MembershipAct,
  self: Self,
  isEntryGone: boolean,
): boolean {
  if (!isListedUnder(members, self.user, self.device)) return false;
  return (
    kind === "created" ||
    ((kind === "member_added" || kind === "device_added") && (subject === self.user || isEntryGone))
  );
}

/** Returns who is new to this device, apart from itself and from what the act brings. */
function unseenArrivals(
  known: readonly Member[],
  { kind, subject, members }: MembershipAct,
  { user: self, device }: Self,
): readonly Member[] {
  const came = arrivalsBetween(known, withoutDevice(members, device)).filter(
    (each) => each.user !== self || each.devices.length > 0,
  );
  if (kind === "member_added") return came.filter(({ user }) => user !== subject);
  if (kind !== "device_added" || !hasDevice(known, device)) return came;
  // One new device of a known member is the one that the event adds.
  const isKnown = known.some(({ user }) => user === subject);
  return came.filter(({ user, devices }) => !(isKnown && user === subject && devices.length === 1));
}
