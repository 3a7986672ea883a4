import { nilId, type DeviceId, type TenantId, type UserId } from "../crypto/wire/ids.ts";
import type { PolicyActor } from "./actor-rules.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { RestrictionAction } from "./rules/restrictions.ts";

/** Facts for a decision about a restriction. */
export interface RestrictionFacts {
  readonly tenant: TenantId;
  /** The person whose conversations it is about; null for those of the whole tenant. */
  readonly subject: string | null;
}

/** Decides whether `actor` may do `action` to a restriction of processing. Denies by default. Pure. */
export function decideRestriction(
  actor: Actor,
  action: Exclude<RestrictionAction, "open">,
  facts: RestrictionFacts,
): Decision {
  const rule = grantingRule(actor, "restrictions", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "restrictions", action, facts) !== undefined)
    return deny("device_not_registered");
  return deny(
    facts.subject === actor.user ? "own_restriction" : "restriction_of_another",
    `role_${actor.role}`,
  );
}

/** Why an act is denied in a conversation whose processing is restricted. */
export const PROCESSING_RESTRICTED = "processing_restricted";

/**
 * Decides whether a member may open what is in a conversation. What else allows it is another decision. Pure.
 * @param custodians the custodians of the holds that cover it, if its processing is restricted
 */
export function decideOpening(
  actor: PolicyActor & { readonly tenant: TenantId },
  custodians: readonly UserId[] | undefined,
): Decision {
  if (custodians === undefined) return allow("not_restricted");
  const facts = { tenant: actor.tenant, custodians };
  const rule = grantingRule(actor, "restrictions", "open", facts);
  return rule === undefined ? deny(PROCESSING_RESTRICTED) : allow(rule.reason);
}
