import { nilId, type DeviceId, type TenantId, type UserId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { ConsentAction } from "./rules/consent.ts";

/**
 * The number of times that consent for one purpose may be given in one conversation, or for an account. In a
 * conversation each change makes the signatures stale that others are sending, so no customer may go on for ever.
 */
export const MAX_CONSENTS = 50;

/** What a change of a consent does. */
export interface ConsentChange {
  readonly state: "given" | "withdrawn";
  /** Whether nothing was given, or was given in the same terms: under the same notice, on the same lawful basis and until the same time. */
  readonly changesNothing: boolean;
  /** The number of times that it was given for the purpose, in the conversation or for the account. */
  readonly given: number;
}

/** Returns what forbids a change, for the audit log. It is always possible to withdraw what was given. */
export function consentFaults(change: ConsentChange | undefined): readonly string[] {
  if (change === undefined) return [];
  if (change.changesNothing) return ["consent_unchanged"];
  return change.state === "given" && change.given >= MAX_CONSENTS ? ["too_many_consents"] : [];
}

export interface ConsentRecordFacts {
  readonly tenant: TenantId;
  /** The person whose records they are. */
  readonly user: UserId;
  /** The change, for "change". */
  readonly change?: ConsentChange | undefined;
}

/** Decides whether `actor` may do `action` to the consent records of an account. Denies by default. Pure. */
export function decideConsent(
  actor: Actor,
  action: ConsentAction,
  { tenant, user, change }: ConsentRecordFacts,
): Decision {
  const faults = consentFaults(change);
  const facts = { tenant, user, consentFaults: faults };
  const rule = grantingRule(actor, "consents", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "consents", action, facts) !== undefined)
    return deny("device_not_registered");
  return deny(...faults, `role_${actor.role}`);
}
