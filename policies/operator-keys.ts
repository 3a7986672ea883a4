import { nilId, type TenantId } from "../crypto/wire/ids.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import { defaultPolicy } from "./policy.ts";
import { tenantActions, type TenantAction } from "./rules/tenants.ts";

export { tenantActions, type TenantAction } from "./rules/tenants.ts";

/** An operator's key, as it is at the time of the decision. */
export interface OperatorKeyFacts {
  readonly scopes: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** Returns whether an operator's key can have this scope. */
export const isOperatorScope = (text: string): text is TenantAction =>
  (tenantActions as readonly string[]).includes(text);

/**
 * Decides whether a program of the operator may do an act on tenants, whichever they are. Denies by default. Pure. No
 * version of a tenant's policy changes these rules.
 */
export function decideOnTenants(
  key: OperatorKeyFacts,
  action: TenantAction,
  nowMs: number,
): Decision {
  const standing = key.expiresAtMs > nowMs ? "valid" : "token_expired";
  const scopes = key.scopes.includes(action) ? [action] : [];
  // The key belongs to no tenant, and neither does the list of tenants.
  const tenant = nilId<TenantId>();
  const actor = { tenant, role: "operator_key", policy: defaultPolicy } as const;
  const facts = { tenant, scopes, standing };
  const rule = grantingRule(actor, "tenants", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  return deny(standing === "valid" ? "scope_missing" : standing);
}
