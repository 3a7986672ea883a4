import {
  createMongoAbility,
  type MongoAbility,
  type MongoQuery,
  type RawRuleFrom,
} from "@casl/ability";
import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor, Role } from "./actor.ts";
import { conversingRoles } from "./conversation-rules.ts";
import { allow, deny, type Decision } from "./decision.ts";

/**
 * The actions of a device over the relay. "receive": be sent the events of a conversation.
 * "acknowledge": say how far it has come. "signal": show and see who types and who is present.
 * "post": send messages at all; `decideConversation` then decides about each of them.
 */
export type RelayAction = "receive" | "acknowledge" | "signal" | "post";

export interface RelayFacts {
  /** The tenant of the conversation. */
  readonly tenant: TenantId;
  /** The device belongs to a member now. */
  readonly isMember: boolean;
  /** The device belongs to a member now, or did when some events were written. */
  readonly wasMember: boolean;
}

/** A connected user. The role is the one that the account had when it connected. */
export type Connected = Pick<Actor, "tenant" | "user" | "role">;

interface RelaySubject extends RelayFacts {
  readonly kind: "relay";
}
type RelayTuple = [RelayAction, "relay" | RelaySubject];
type RelayAbility = MongoAbility<RelayTuple>;
type RelayRule = RawRuleFrom<[RelayAction, "relay"], MongoQuery>;

const conversing: readonly Role[] = ["customer", ...conversingRoles];

const rule = (
  action: RelayAction | RelayAction[],
  reason: string,
  conditions: MongoQuery,
): RelayRule => ({ action, subject: "relay", reason, conditions });

function relayRules({ tenant, role }: Connected): RelayRule[] {
  if (!conversing.includes(role)) return [];
  return [
    // A removed device receives its own removal as its last event.
    rule(["receive", "acknowledge"], "was_member", { tenant, wasMember: true }),
    rule("signal", "member", { tenant, isMember: true }),
    rule("post", "conversing_role", { tenant }),
  ];
}

/** A connection asks about each of its frames, so its rules are kept as long as its actor. */
const abilities = new WeakMap<Connected, RelayAbility>();

function abilityOf(connected: Connected): RelayAbility {
  const known = abilities.get(connected);
  if (known !== undefined) return known;
  const ability = createMongoAbility<RelayAbility>(relayRules(connected), {
    detectSubjectType: () => "relay",
  });
  abilities.set(connected, ability);
  return ability;
}

/** Decides whether a connected device may do `action` in the conversation. Denies by default. Pure. */
export function decideRelay(
  connected: Connected,
  action: RelayAction,
  facts: RelayFacts,
): Decision {
  const granted = abilityOf(connected).relevantRuleFor(action, { ...facts, kind: "relay" });
  if (granted !== null) return allow(granted.reason ?? "granted");
  if (facts.tenant !== connected.tenant) return deny("foreign_tenant");
  if (!conversing.includes(connected.role)) return deny(`role_${connected.role}`);
  return deny("not_a_member");
}
