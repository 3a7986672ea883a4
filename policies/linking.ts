import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule, missingEvidence } from "./granting-rule.ts";
import type { LinkAction } from "./rules/link.ts";

export type { LinkAction } from "./rules/link.ts";

export interface LinkFacts {
  readonly tenant: TenantId;
  /** The user whose account the new device asks to join. */
  readonly user: UserId;
  /** True if the asking device's own key signed this request. */
  readonly byAsking: boolean;
}

/** Decides whether `actor` may do `action` to the link request of `facts`. Denies by default. Pure. */
export function decideLinking(actor: Actor, action: LinkAction, facts: LinkFacts): Decision {
  const rule = grantingRule(actor, "link", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  return deny(...whyNot(actor, facts), ...missingEvidence(actor, "link", action, facts));
}

/** Lists what prevents the action, for the audit log. */
function whyNot(actor: Actor, facts: LinkFacts): string[] {
  if (facts.tenant !== actor.tenant) return ["foreign_tenant"];
  if (facts.user !== actor.user) return ["foreign_account"];
  return [actor.device === undefined ? "device_not_registered" : "device_registered"];
}
