import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import type { AdministrationAction } from "./administration.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { Resource } from "./rules/default-rules.ts";
import type { SecondPersonAction } from "./rules/second-person.ts";
import { approversNeeded } from "./versions/demands.ts";
import type { Policy } from "./policy.ts";

/** The facts for a decision about a request for an act that needs a second person. */
export interface SecondPersonFacts {
  readonly tenant: TenantId;
  /** Who asks, or has asked: the id of an account. */
  readonly requester: string;
  /** Whether the rules of the act allow it to the actor. */
  readonly mayAct: boolean;
  /** Whether the policy demands a second person for the act. It matters for "request" only. */
  readonly isDemanded: boolean;
}

/** Decides whether `actor` may ask for an act, answer a request, see it or take it back. Denies by default. Pure. */
export function decideSecondPerson(
  actor: Actor,
  action: SecondPersonAction,
  facts: SecondPersonFacts,
): Decision {
  const rule = grantingRule(actor, "second_person", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "second_person", action, facts) !== undefined)
    return deny("device_not_registered");
  const isAnswer = action === "approve" || action === "refuse";
  return deny(
    ...(isAnswer && facts.requester === actor.user ? ["own_request"] : []),
    ...(action === "request" && !facts.isDemanded ? ["not_demanded"] : []),
    ...(facts.mayAct ? [] : ["may_not_act"]),
    `role_${actor.role}`,
  );
}

interface StaffAct {
  readonly resource: Resource;
  readonly action: string;
}

/** The acts of programs with an API key that do the same as acts of staff. */
const sameAsByKey: { readonly [A in AdministrationAction]?: StaffAct } = {
  reset_account: { resource: "directory", action: "reset_account" },
  // An account that is disabled and enabled again has lost its devices, as after a reset.
  enable_account: { resource: "directory", action: "reset_account" },
  reset_password: { resource: "credentials", action: "reset_password" },
  reset_factor: { resource: "credentials", action: "reset_factor" },
  // Another person signs in to the account afterwards, as after a new password.
  link_identity: { resource: "credentials", action: "reset_password" },
};

/** Returns whether a version can demand a second person for an act of a program. */
export const isDemandableOfKeys = (action: AdministrationAction): boolean =>
  sameAsByKey[action] !== undefined;

/**
 * Decides whether a program with an API key may do an act without a person who approves it. A program is no person, so
 * what needs a second one is left to two members of staff. Pure.
 */
export function decideWithoutPerson(action: AdministrationAction, policy: Policy): Decision {
  const act = sameAsByKey[action];
  return act !== undefined && approversNeeded(policy, act.resource, act.action) > 0
    ? deny("second_person_demanded")
    : allow("not_demanded");
}
