import {
  actOf,
  arrivalsBeside,
  arrivalsBetween,
  departuresBeside,
  isPossible,
  membershipAfter,
  type MembershipAct,
} from "../../crypto/wire/membership.ts";
import type { Control, Deliver, Member } from "../../crypto/wire/frame.ts";
import type { Receipt } from "../../crypto/wire/receipt.ts";
import { coversRole } from "../../crypto/wire/staff-certificate.ts";
import { isInPlace, isMembershipKind, needsReceipt } from "../../crypto/wire/receipt-checks.ts";
import { hasCreatorOnly, haveSameCustomers } from "./customers.ts";
import type { Self } from "./history.ts";
import { needsCertificate } from "./certified-staff.ts";
import { makesMember } from "./makes-member.ts";
import { hasDevice, withoutDevice, type ConversationState } from "./state.ts";
import type { FoundStaff } from "../device/staff.ts";
import type { MembershipVerdict } from "./verdict.ts";

type Placed = Pick<Deliver, "seq" | "epoch" | "senderDevice"> & {
  readonly kind: MembershipAct["kind"];
};

/** The receipt of an event: see `receiptFor`. */
export interface FoundReceipt {
  readonly receipt: Receipt;
  /** The hash of the event that it follows; undefined if this device has it not. */
  readonly followed: Uint8Array | undefined;
  /**
   * What the certificate beside it says of its author: see `certifiedActor`. It is looked at only if the act
   * counts with a certificate only.
   */
  readonly certified: Pick<FoundStaff, "role"> | undefined;
}

/**
 * Judges a membership event whose place in the log was checked (R6 to R9). If this device saw the event
 * before it, the members must be those of then, changed by the act. If it did not, it takes the list as
 * it is and returns who is new to it. It takes such a list only while it is a member and after a gap, or from an
 * event that makes it a member.
 * Somebody's act on the members, or on the conversation's state, must have a receipt that belongs here.
 * @param control undefined if the event has no valid content
 * @param found the event's receipt, if it is about exactly this event
 */
export function judgeControl(
  before: ConversationState | undefined,
  event: Placed,
  control: Control | undefined,
  self: Self,
  found: FoundReceipt | undefined,
): MembershipVerdict {
  if (control === undefined) return { kind: "malformed", code: "malformed_event", leaves: false };
  const malformed = malformedBy("malformed_event", control, self);
  // R6. A creation is the first event, and there is one.
  if (control.epoch !== event.epoch || (event.kind === "created") !== (event.seq === 1))
    return malformed;
  const certifiedRole = found?.certified?.role;
  if (isActOfUncertified(before, event.kind, control, certifiedRole)) return malformed;
  const act = actOf(event, control, certifiedRole);
  const enters = makesMember(before, event, control, self);
  const receipt = found && isHere(before, event, found) ? found.receipt : undefined;
  const accepted = ({ arrived, departed }: Unseen): MembershipVerdict => {
    const verdict = { kind: "accepted", control, arrived, departed, enters, receipt } as const;
    return receipt === undefined ? withoutReceipt(before, event.kind, verdict, self) : verdict;
  };
  if (before !== undefined && sawMembers(before, event, enters, self)) {
    // R7
    const after = membershipAfter(before.members, act);
    const follows = after !== undefined && control.epoch === before.epoch + after.epochStep;
    return follows ? accepted(nothing) : malformed;
  }
  // R8
  if (!isPossible(act)) return malformed;
  const unseen = before?.unseen === true;
  if (enters || (unseen && hasDevice(before.members, self.device))) {
    const isOfCustomer = enters
      ? hasCreatorOnly(event.kind, control)
      : haveSameCustomers(before?.members ?? [], control.members);
    if (!isOfCustomer) return malformed;
    return accepted(before === undefined ? nothing : unseenBy(before.members, act, enters, self));
  }
  // R9
  return unseen ? { kind: "outside" } : malformed;
}

/**
 * Returns whether somebody changes the members whose role, as a list of members has it, is the relay's word
 * only. A member may act in the role in which they came, although they have another one by now. Which roles give the
 * right, `membershipAfter` and `isPossible` judge.
 */
function isActOfUncertified(
  before: ConversationState | undefined,
  kind: MembershipAct["kind"],
  control: Control,
  certifiedRole: string | undefined,
): boolean {
  if (!needsCertificate(before, kind, control)) return false;
  const isActor = ({ user }: Member) => user === control.actor;
  const listed = [...(before?.members ?? []), ...control.members].find(isActor);
  if (listed === undefined) return false;
  const joins = control.actor === control.subject;
  return certifiedRole === undefined || (joins && !coversRole(certifiedRole, listed.role));
}

/**
 * Returns the verdict on an event that would be accepted, and that nobody signed (R14). A change of the
 * members does not count. From any other act, a device takes no list that it cannot compute.
 */
export function withoutReceipt(
  before: Pick<ConversationState, "unseen"> | undefined,
  kind: MembershipAct["kind"],
  verdict: Extract<MembershipVerdict, { readonly kind: "accepted" }>,
  self: Self,
): MembershipVerdict {
  const { control } = verdict;
  if (isMembershipKind(kind)) return malformedBy("invalid_receipt", control, self);
  if (needsReceipt(kind) && before?.unseen === true)
    return { kind: "unproven", actor: control.actor };
  return { ...verdict, receipt: undefined };
}

/** Returns the verdict on an event whose list is not taken. */
const malformedBy = (
  code: "malformed_event" | "invalid_receipt",
  { members }: Control,
  { device }: Self,
): MembershipVerdict => ({ kind: "malformed", code, leaves: !hasDevice(members, device) });

/** Returns whether a receipt stands in its place, as far as is known. */
const isHere = (
  before: ConversationState | undefined,
  { seq }: Placed,
  { receipt, followed: hash }: FoundReceipt,
): boolean => isInPlace(receipt.after, { seq, changedAt: before?.changedAt ?? 0, hash });

/** Returns whether this device knows the members as they are right before the event. */
const sawMembers = (
  before: ConversationState,
  { seq }: Placed,
  enters: boolean,
  { device }: Self,
): boolean =>
  seq === before.seq + 1 &&
  !before.unseen &&
  // The malformed event ended its membership.
  !(before.malformed && enters) &&
  hasDevice(before.members, device);

/** Who came and who left while a device saw no events. */
type Unseen = Pick<
  Extract<MembershipVerdict, { readonly kind: "accepted" }>,
  "arrived" | "departed"
>;

const nothing: Unseen = { arrived: [], departed: [] };

/** Returns who came and who left, apart from this device and from what the act does. */
function unseenBy(
  known: readonly Member[],
  act: MembershipAct,
  enters: boolean,
  { user: self, device }: Self,
): Unseen {
  // An act that brings this device brings nobody else, not even another device of its account.
  const bringsSelf = enters && act.subject === self;
  const others = (members: readonly Member[]) =>
    withoutDevice(members, device).filter(
      ({ user, devices }) => user !== self || devices.length > 0,
    );
  return {
    arrived: others(bringsSelf ? arrivalsBetween(known, act.members) : arrivalsBeside(known, act)),
    departed: others(
      bringsSelf ? arrivalsBetween(act.members, known) : departuresBeside(known, act),
    ),
  };
}
