import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { PolicyAction } from "./rules/policy.ts";

export type { PolicyAction } from "./rules/policy.ts";

export interface PolicyFacts {
  readonly tenant: TenantId;
  /** Who proposed the version, for "approve": the id of an account, or the name of an operator. */
  readonly requester?: string | undefined;
}

/** The facts under the names that the conditions of the rules use. */
export const policySubject = (
  actor: Pick<Actor, "user">,
  { tenant, requester }: PolicyFacts,
): Required<PolicyFacts> => ({
  tenant,
  // If it is not known who proposed it, it may have been the actor.
  requester: requester ?? actor.user,
});

/** Decides whether `actor` may do `action` to the policy of a tenant. Denies by default. Pure. */
export function decidePolicyAct(actor: Actor, action: PolicyAction, facts: PolicyFacts): Decision {
  const subject = policySubject(actor, facts);
  const rule = grantingRule(actor, "policy", action, subject);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const isOwn = action === "approve" && subject.requester === actor.user;
  if (isOwn) return deny("own_request", `role_${actor.role}`);
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  return grantingRule(withDevice, "policy", action, subject) === undefined
    ? deny(`role_${actor.role}`)
    : deny("device_not_registered");
}
