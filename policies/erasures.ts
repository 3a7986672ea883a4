import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import type { Law } from "./deadlines/periods.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { Role } from "./roles.ts";
import type { ErasureAction } from "./rules/erasures.ts";

/**
 * The provision that gives a person the erasure. HIPAA gives none: a record is not erased on request, but corrected by an
 * amendment (45 CFR 164.526).
 */
export const erasureProvisions = {
  gdpr: "GDPR Article 17(1)",
  ccpa: "Cal. Civ. Code 1798.105(a)",
  hipaa: undefined,
} as const satisfies Readonly<Record<Law, string | undefined>>;

/** Facts for a decision about an erasure. */
export interface ErasureFacts {
  readonly tenant: TenantId;
  /** The account that is to be erased; null for what concerns no account. */
  readonly subject: string | null;
}

/** Decides whether `actor` may do `action` to an erasure. Denies by default. Pure. */
export function decideErasure(actor: Actor, action: ErasureAction, facts: ErasureFacts): Decision {
  const rule = grantingRule(actor, "erasures", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "erasures", action, facts) !== undefined)
    return deny("device_not_registered");
  const isOwn = facts.subject === actor.user;
  return deny(...(isOwn ? ["own_erasure"] : []), `role_${actor.role}`);
}

/**
 * Decides whether an account can be erased at all. The last administrator stays, because nobody could appoint another one.
 * Pure.
 * @param otherAdmins how many other administrators can sign in, and are not being erased
 */
export const decideErasable = (role: Role, otherAdmins: number): Decision =>
  role === "admin" && otherAdmins === 0 ? deny("last_administrator") : allow("erasable");
