import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { CaseAction } from "./rules/cases.ts";

/** Facts for a decision about a case. */
export interface CaseFacts {
  readonly tenant: TenantId;
  /** The account that the case is about; null if it is about none. */
  readonly subject: string | null;
  /** The device that is told of an erasure, for "acknowledge". */
  readonly device?: DeviceId | undefined;
}

/** Decides whether `actor` may do `action` to a case. Denies by default. Pure. */
export function decideCases(actor: Actor, action: CaseAction, facts: CaseFacts): Decision {
  const rule = grantingRule(actor, "cases", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "cases", action, facts) !== undefined)
    return deny("device_not_registered");
  return deny(
    ...(facts.subject === actor.user ? ["own_case"] : ["case_of_another"]),
    `role_${actor.role}`,
  );
}
