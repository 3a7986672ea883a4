import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { NoticeAction } from "./rules/notice.ts";

export interface NoticeFacts {
  readonly tenant: TenantId;
  /** Who proposed the notice, for "approve": the id of an account, or the name of an operator. */
  readonly requester?: string | undefined;
}

/** Decides whether `actor` may do `action` to the notices of a tenant. Denies by default. Pure. */
export function decideNotice(actor: Actor, action: NoticeAction, facts: NoticeFacts): Decision {
  // If it is not known who proposed it, it may have been the actor.
  const subject = { ...facts, requester: facts.requester ?? actor.user };
  const rule = grantingRule(actor, "notices", action, subject);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  if (action === "approve" && subject.requester === actor.user)
    return deny("own_request", `role_${actor.role}`);
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  return grantingRule(withDevice, "notices", action, subject) === undefined
    ? deny(`role_${actor.role}`)
    : deny("device_not_registered");
}
