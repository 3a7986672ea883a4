import type { PolicyRule } from "./rule.ts";

/** What an operator's key can be allowed to do, and what that means. A key's scopes are these actions. */
const scopes = {
  create_tenant: "create tenants",
  read_tenant: "read whether a tenant is suspended, its limits, and the consents that it demands",
  suspend_tenant: "suspend tenants",
  resume_tenant: "serve suspended tenants again",
  set_limit: "set the limits of tenants",
  require_consents: "set for which purposes a tenant demands a consent",
} as const;

export type TenantAction = keyof typeof scopes;

/** What every operator's key could be allowed to do. */
export const tenantActions = Object.keys(scopes) as readonly TenantAction[];

/** The conditions refer to the facts of `decideOnTenants`. */
export const tenantRules: readonly PolicyRule<"tenants", TenantAction>[] = tenantActions.map(
  (action) => ({
    id: `tenants.${action}`,
    resource: "tenants",
    actions: [action],
    roles: ["operator_key"],
    conditions: { scopes: action, standing: "valid" },
    means: `The key is valid and has this scope. It may ${scopes[action]}.`,
    reason: "scope",
  }),
);
