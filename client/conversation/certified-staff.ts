import type { Member } from "../../crypto/wire/frame.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { MembershipAct } from "../../crypto/wire/membership.ts";
import type { Self } from "./history.ts";
import type { ConversationState } from "./state.ts";

type Before = Pick<ConversationState, "members" | "uncertified" | "joined"> | undefined;

/**
 * Returns the members whose certificates are to be looked for: those who come, and those who had none
 * before. A member without a device has no account key yet that could be certified.
 */
export const toCertify = (
  before: Before,
  members: readonly Member[],
  self: Self,
): readonly Member[] => unproved(before, members, self).filter(({ devices }) => devices.length > 0);

/**
 * Returns whether an act counts only with a certificate of its author: a change of the members by somebody
 * who is not known as a certified member before and after it. Everybody may leave.
 */
export function needsCertificate(
  before: Before,
  kind: MembershipAct["kind"] | "message",
  { actor, subject, members }: Pick<MembershipAct, "actor" | "subject" | "members">,
): boolean {
  if (kind !== "member_added" && kind !== "member_removed") return false;
  if (actor === subject) return kind === "member_added";
  const isIn = (list: readonly Member[]) => list.some(({ user }) => user === actor);
  const isKnown = before?.joined === true && isIn(before.members) && isIn(members);
  return !isKnown || before.uncertified.includes(actor);
}

/** Returns the members who count as no staff, because their role is not certified. */
export const uncertifiedAmong = (
  before: Before,
  members: readonly Member[],
  certified: ReadonlySet<UserId>,
  self: Self,
): readonly UserId[] =>
  unproved(before, members, self)
    .map(({ user }) => user)
    .filter((user) => !certified.has(user));

/** Returns those whose certificate was looked for in vain, and who were not shown before. */
export const toShow = (
  before: Before,
  members: readonly Member[],
  certified: ReadonlySet<UserId>,
  self: Self,
): readonly UserId[] =>
  toCertify(before, members, self)
    .filter((member) => !certified.has(member.user) && !wasShown(before, member))
    .map(({ user }) => user);

/** Returns the members whom the relay calls staff, and for whom no certificate was seen. */
const unproved = (before: Before, members: readonly Member[], self: Self): readonly Member[] =>
  members.filter(
    (member) =>
      // Nobody certifies their own role.
      member.role !== "customer" && member.user !== self.user && !wasCertified(before, member),
  );

/** Returns whether the member was certified in this role when this device saw them come. */
const wasCertified = (before: Before, member: Member): boolean =>
  memberBefore(before, member) !== undefined && before?.uncertified.includes(member.user) !== true;

const wasShown = (before: Before, member: Member): boolean =>
  (memberBefore(before, member)?.devices ?? []).length > 0;

/**
 * Returns the same member in the same role, as this device knew them. A device that comes back knows nobody: whoever
 * was certified when it left may be no staff any more.
 */
const memberBefore = (before: Before, { user, role }: Member): Member | undefined =>
  before?.joined === true
    ? before.members.find((member) => member.user === user && member.role === role)
    : undefined;
