import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { BreakGlassAction } from "./rules/break-glass.ts";

export type { BreakGlassAction } from "./rules/break-glass.ts";

/** The longest access, in minutes. */
export const MAX_ACCESS_MINUTES = 60;

/** Facts for a decision about access in an emergency. Those of the conversation are known for "request" only. */
export interface BreakGlassFacts {
  readonly tenant: TenantId;
  /** The id of the account that asks, or has asked. */
  readonly requester: string;
  /** Those who have approved it: ids of accounts. */
  readonly approvers?: readonly string[];
  readonly state?: "open" | "closed";
  readonly isMember?: boolean;
  /** Whether another rule lets the account join the conversation. */
  readonly mayJoin?: boolean;
}

/** Decides whether `actor` may do `action` to a request or an access. Denies by default. Pure. */
export function decideBreakGlass(
  actor: Actor,
  action: BreakGlassAction,
  facts: BreakGlassFacts,
): Decision {
  const rule = grantingRule(actor, "break_glass", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "break_glass", action, facts) !== undefined)
    return deny("device_not_registered");
  return deny(...whyNot(actor, action, facts), `role_${actor.role}`);
}

function whyNot(actor: Actor, action: BreakGlassAction, facts: BreakGlassFacts): string[] {
  const isOfAnother = action === "approve" || action === "refuse" || action === "review";
  return [
    ...(isOfAnother && facts.requester === actor.user ? ["own_request"] : []),
    ...(action === "review" && facts.approvers?.includes(actor.user) === true
      ? ["own_approval"]
      : []),
    ...(facts.state === "closed" ? ["conversation_closed"] : []),
    ...(facts.isMember === true ? ["is_member"] : []),
    ...(facts.mayJoin === true ? ["may_join"] : []),
  ];
}
