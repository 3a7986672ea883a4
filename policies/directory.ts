import type { TenantId, UserId, DeviceId } from "../crypto/wire/ids.ts";
import { isStaff, type Actor, type Role } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule, missingEvidence } from "./granting-rule.ts";
import type { DirectoryAction } from "./rules/directory.ts";

export type { DirectoryAction } from "./rules/directory.ts";

export interface DirectoryFacts {
  readonly tenant: TenantId;
  /** The user whose devices they are. */
  readonly user: UserId;
  readonly role: Role;
  /** True if the actor and the user are members of the same conversation now. */
  readonly sharesConversation: boolean;
  /** The device, for "take_bundle" and "publish_prekeys". */
  readonly device?: DeviceId | undefined;
}

/** Returns the facts as the conditions of the rules name them. */
export const directorySubject = (facts: DirectoryFacts) => ({
  ...facts,
  staff: isStaff(facts.role),
});

/** Decides whether `actor` may look up, publish or change what `facts` describe. Denies by default. Pure. */
export function decideDirectory(
  actor: Actor,
  action: DirectoryAction,
  facts: DirectoryFacts,
): Decision {
  const subject = directorySubject(facts);
  const rule = grantingRule(actor, "directory", action, subject);
  if (rule !== undefined) return allow(rule.reason);
  return deny(
    whyNot(actor, action, facts),
    ...missingEvidence(actor, "directory", action, subject),
  );
}

/** Returns the reasons that prevent the action, for the audit log. */
function whyNot(actor: Actor, action: DirectoryAction, facts: DirectoryFacts): string {
  if (facts.tenant !== actor.tenant) return "foreign_tenant";
  const isOwn = ["publish_prekeys", "renew_list", "revoke_device"].includes(action);
  const isReset = action === "reset_account" && actor.role === "admin";
  if (isReset && facts.user === actor.user) return "own_account";
  if ((isOwn || isReset) && actor.device === undefined) return "device_not_registered";
  return `role_${actor.role}`;
}
