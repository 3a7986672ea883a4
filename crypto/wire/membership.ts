import type { Control, Deliver, EventKind, Member } from "./frame.ts";
import type { DeviceId, UserId } from "./ids.ts";
import type { MembershipKind } from "./receipt.ts";
import { coversRole } from "./staff-certificate.ts";

/** An act on the members of a conversation, and the list of members that its event carries. */
export interface MembershipAct extends Pick<Control, "actor" | "subject" | "members"> {
  readonly kind: Exclude<EventKind, "message">;
  /** The device that acts. It does not matter for `device_added` and `device_removed`. */
  readonly device: DeviceId;
  /** The users with whom the conversation begins, as its creator signed them. */
  readonly named: readonly UserId[] | undefined;
  /**
   * The role in which the tenant's authority certifies the actor, by the event's own certificate.
   * Undefined if the event brings none that counts.
   */
  readonly certifiedRole: string | undefined;
}

/** Returns the act of a membership event. */
export const actOf = (
  { kind, senderDevice: device }: Pick<Deliver, "senderDevice"> & Pick<MembershipAct, "kind">,
  { actor, subject, members, creation }: Control,
  certifiedRole: string | undefined,
): MembershipAct => ({
  kind,
  actor,
  device,
  subject,
  members,
  named: creation?.users,
  certifiedRole,
});

/** Returns the users with whom a conversation begins, in the form in which its creator signs them. */
export const usersOf = (creator: UserId, others: readonly UserId[]): readonly UserId[] =>
  [...new Set([creator, ...others])].toSorted();

/** The members after an act. */
export interface Membership {
  readonly members: readonly Member[];
  /** The number of epochs that the act begins: one if members or devices change, and otherwise none. */
  readonly epochStep: 0 | 1;
}

/**
 * Computes the members after an act. They are the members before it, changed by this act only. A
 * newcomer, and an added device, are taken from the event's list.
 * @param before the members before the event, in the order of its list; none before `created`
 * @returns undefined if the act is not possible, or if the event's list is another one
 */
export function membershipAfter(
  before: readonly Member[],
  act: MembershipAct,
): Membership | undefined {
  const members = isPossible(act) && mayAct(before, act) ? changed(before, act) : undefined;
  if (members === undefined || !isSame(members, act.members)) return undefined;
  return { members, epochStep: isSame(members, before) ? 0 : 1 };
}

/** Returns whether the act makes its list of members of any members that there may have been before. */
export function isPossible(act: MembershipAct): boolean {
  const { kind, actor, device, subject, members, named } = act;
  if (!isWellFormed(members)) return false;
  const by = memberOf(members, actor);
  const about = memberOf(members, subject);
  // Devices are added and removed in the name of their owner, without a device that acts.
  const isOfOwner = actor === subject && about !== undefined;
  // A creation, a closing and a consent are about their author.
  const isOwnAct = isOfOwner && about.devices.includes(device);
  switch (kind) {
    case "created":
      return isOwnAct && named !== undefined && isListOf(members, named);
    case "device_added":
      return isOfOwner && about.devices.length > 0;
    case "device_removed":
      return isOfOwner;
    case "closed":
      return isOwnAct && about.role !== "archiver";
    case "consent_changed":
      return isOwnAct && about.role === "customer";
    case "history_granted":
      return (
        by !== undefined &&
        by.role !== "archiver" &&
        by.devices.includes(device) &&
        about !== undefined
      );
    // Customers are in the conversations that begin with them. Whoever comes later is staff, and needs a
    // certificate of the tenant's authority.
    case "member_added":
      // Whoever joins was no member before.
      return (
        about !== undefined &&
        about.role !== "customer" &&
        mayChangeMembers(actor === subject ? undefined : by, act)
      );
    case "member_removed":
      // Whoever leaves was a member before.
      return about === undefined && (actor === subject || mayChangeMembers(by, act));
  }
}

/**
 * Returns the members after an act that is about to be signed.
 * @param newcomers the user who is added, or all with whom the conversation begins
 */
export function membersToSign(
  before: readonly Member[],
  { kind, subject }: { readonly kind: MembershipKind; readonly subject: UserId },
  newcomers: readonly Member[] = [],
): readonly Member[] {
  if (kind === "member_removed") return before.filter(({ user }) => user !== subject);
  return [...before, ...newcomers];
}

/**
 * Returns the users and devices in the act's list whom nobody knows and whom the act does not bring.
 * @param known the last members that are known. There may have been others before the act.
 */
export const arrivalsBeside = (known: readonly Member[], act: MembershipAct): readonly Member[] =>
  arrivalsBetween(changed(known, act) ?? known, act.members);

/** Returns the users and devices who are known, and whom the act's list lacks although it removes others. */
export const departuresBeside = (known: readonly Member[], act: MembershipAct): readonly Member[] =>
  arrivalsBetween(act.members, changed(known, act) ?? known);

/** Returns the users and devices of `after` that are not in `before`. A user in another role is new. */
export function arrivalsBetween(
  before: readonly Member[],
  after: readonly Member[],
): readonly Member[] {
  return after.flatMap((member) => {
    const known = memberOf(before, member.user);
    if (known?.role !== member.role) return [member];
    const devices = without(member.devices, known.devices);
    return devices.length === 0 ? [] : [{ ...member, devices }];
  });
}

/** Returns the list that the act makes of `before`, or undefined if it makes none of it. */
function changed(
  before: readonly Member[],
  { kind, subject, members }: MembershipAct,
): readonly Member[] | undefined {
  const earlier = memberOf(before, subject);
  const later = memberOf(members, subject);
  const withDevices = (devices: Member["devices"]): readonly Member[] =>
    before.map((member) => (member.user === subject ? { ...member, devices } : member));
  switch (kind) {
    case "created":
      return before.length === 0 ? members : undefined;
    case "member_added":
      return earlier === undefined && later !== undefined ? [...before, later] : undefined;
    case "member_removed":
      // A customer stays in the conversation to its end.
      return earlier === undefined || earlier.role === "customer"
        ? undefined
        : before.filter((member) => member !== earlier);
    case "device_added": {
      if (earlier === undefined || later === undefined) return undefined;
      const added = without(later.devices, earlier.devices);
      return added.length === 1
        ? withDevices([...earlier.devices, ...added].toSorted())
        : undefined;
    }
    case "device_removed": {
      if (earlier === undefined || later === undefined) return undefined;
      const removed = without(earlier.devices, later.devices);
      return removed.length === 1 ? withDevices(without(earlier.devices, removed)) : undefined;
    }
    case "closed":
    case "history_granted":
    case "consent_changed":
      return before;
  }
}

/** Returns whether each user and device is listed once, with the devices in order. */
function isWellFormed(members: readonly Member[]): boolean {
  const devices = members.flatMap((member) => member.devices);
  return (
    new Set(members.map(({ user }) => user)).size === members.length &&
    new Set(devices).size === devices.length &&
    members.every((member) => isEqual(member.devices, member.devices.toSorted()))
  );
}

const memberOf = (members: readonly Member[], user: UserId): Member | undefined =>
  members.find((member) => member.user === user);

/** Returns whether the members before an act give its author the right to it. */
const mayAct = (before: readonly Member[], act: MembershipAct): boolean =>
  (act.kind !== "member_added" && act.kind !== "member_removed") ||
  mayChangeMembers(memberOf(before, act.actor), act);

/** @param by undefined if the actor is no member */
const mayChangeMembers = (by: Member | undefined, act: MembershipAct): boolean =>
  by === undefined
    ? mayChangeFromOutside(act)
    : conversingRoles.includes(by.role) &&
      by.devices.includes(act.device) &&
      mayConverse(act.certifiedRole);

/** A member without a certificate in the event is judged by what the device knows of them. */
const mayConverse = (certifiedRole: string | undefined): boolean =>
  certifiedRole === undefined || conversingRoles.includes(certifiedRole);

/** The roles of staff who take part in conversations. An auditor and an admin do not, and an archiver only receives. */
const conversingRoles: readonly string[] = ["agent", "supervisor", "bot"];

/** The roles in which a member of staff may join. */
const joiningRoles: readonly string[] = ["agent", "supervisor"];

/**
 * Judges an act of somebody who is no member, by the role in which the authority certifies them: agents and
 * supervisors join, and supervisors add and remove others.
 */
function mayChangeFromOutside(act: MembershipAct): boolean {
  const { kind, actor, device, subject, members, certifiedRole } = act;
  if (certifiedRole === undefined) return false;
  if (kind !== "member_added" || actor !== subject) return certifiedRole === "supervisor";
  const joined = memberOf(members, actor);
  return (
    joined !== undefined &&
    joined.devices.includes(device) &&
    joiningRoles.includes(joined.role) &&
    coversRole(certifiedRole, joined.role)
  );
}

const isListOf = (members: readonly Member[], users: readonly UserId[]): boolean =>
  isEqual(
    members.map(({ user }) => user),
    users,
  );

const isSame = (one: readonly Member[], other: readonly Member[]): boolean =>
  one.length === other.length &&
  one.every(({ user, role, devices }, index) => {
    const member = other[index];
    return member?.user === user && member.role === role && isEqual(devices, member.devices);
  });

const isEqual = <T>(one: readonly T[], other: readonly T[]): boolean =>
  one.length === other.length && one.every((each, index) => each === other[index]);

const without = <T>(all: readonly T[], some: readonly T[]): T[] =>
  all.filter((each) => !some.includes(each));
