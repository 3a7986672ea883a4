import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import { memberRoles, type Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import { decideOpening } from "./restrictions.ts";
import type { RelayAction } from "./rules/relay.ts";

export type { RelayAction } from "./rules/relay.ts";

export interface RelayFacts {
  /** The tenant of the conversation. */
  readonly tenant: TenantId;
  /** The device belongs to a member now. */
  readonly isMember: boolean;
  /** The device belongs to a member now, or did when some events were written. */
  readonly wasMember: boolean;
  /** As in `ConversationFacts`. */
  readonly restrictedTo?: readonly UserId[] | undefined;
}

/** A connected user. The role is the one that the account had when it connected. */
export type Connected = Pick<Actor, "tenant" | "user" | "role" | "policy">;

/** Decides whether a connected device may do `action` in the conversation. Denies by default. Pure. */
export function decideRelay(
  connected: Connected,
  action: RelayAction,
  facts: RelayFacts,
): Decision {
  const rule = grantingRule(connected, "relay", action, facts);
  if (rule !== undefined) {
    const opening = decideOpening(connected, facts.restrictedTo);
    return opening.allowed ? allow(rule.reason) : opening;
  }
  if (facts.tenant !== connected.tenant) return deny("foreign_tenant");
  const { role } = connected;
  if (role !== "customer" && !memberRoles.includes(role)) return deny(`role_${role}`);
  return deny("not_a_member");
}
