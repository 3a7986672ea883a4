import type { Control, Member } from "../../crypto/wire/frame.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { MembershipAct } from "../../crypto/wire/membership.ts";

// The customer is who began the conversation, and is in it to its end: nobody adds or removes a customer.
// A customer needs no certificate, so a relay must not be able to call anybody else one.

/** Returns whether an event that makes this device a member lists no customer but the creator. */
export function hasCreatorOnly(
  kind: MembershipAct["kind"],
  { actor, creation, members }: Pick<Control, "actor" | "creation" | "members">,
): boolean {
  const creator = kind === "created" ? actor : creation?.creator?.user;
  return customersOf(members).every((user) => user === creator);
}

/** Returns whether two lists of a conversation have the same customers. */
export function haveSameCustomers(one: readonly Member[], other: readonly Member[]): boolean {
  const [first, second] = [customersOf(one), customersOf(other)];
  return first.length === second.length && first.every((user) => second.includes(user));
}

const customersOf = (members: readonly Member[]): readonly UserId[] =>
  members.filter(({ role }) => role === "customer").map(({ user }) => user);
