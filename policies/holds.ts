import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import { isStaff, programRoles, type Role } from "./roles.ts";
import type { HoldAction } from "./rules/holds.ts";

export type { HoldAction } from "./rules/holds.ts";

/** How long an erasure that a released hold had deferred may wait for an officer, in milliseconds. */
export const ATTEND_WITHIN_MS = 30 * 86_400_000;

/** Facts for a decision about legal holds. */
export interface HoldFacts {
  readonly tenant: TenantId;
  /** The account that keeps what is held: for "read" and "answer". */
  readonly custodian?: string;
  /** Who asks for the release: for "approve" and "refuse". */
  readonly requester?: string;
}

/** Returns whether a person with this role may keep what is held. A program may not, and no customer. */
export const mayBeCustodian = (role: Role): boolean =>
  isStaff(role) && !programRoles.includes(role);

/** Decides whether `actor` may do `action` to a legal hold. Denies by default. Pure. */
export function decideHold(actor: Actor, action: HoldAction, facts: HoldFacts): Decision {
  const rule = grantingRule(actor, "holds", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "holds", action, facts) !== undefined)
    return deny("device_not_registered");
  const isOwn = facts.requester === actor.user && (action === "approve" || action === "refuse");
  return deny(...(isOwn ? ["own_request"] : []), `role_${actor.role}`);
}
