import type { PolicyRule } from "./rule.ts";

/** What an API key can be allowed to do in its tenant, and what that means. A key's scopes are these actions. */
const scopes = {
  read_staff: "list the accounts of staff",
  create_staff: "create accounts of staff, with any role",
  set_role: "give accounts of staff another role",
  reset_account: "reset accounts of staff that lost their devices",
  read_settings: "read the tenant's settings: keys of customer tokens, origins, grants of staff",
  change_customer_keys: "add, replace, remove and revoke the keys of customer tokens",
  change_origins: "allow and refuse origins of web pages",
  scim: "make, change and disable accounts of staff over SCIM for the identity provider that the scope names (`scim:NAME`), with the roles of its groups",
  change_settings: "allow and forbid that staff show earlier messages to colleagues",
} as const;

export type AdministrationAction = keyof typeof scopes;

/** What every API key could be allowed to do. */
export const administrationActions = Object.keys(scopes) as readonly AdministrationAction[];

/** The conditions refer to the facts of `decideAdministration`. */
export const administrationRules: readonly PolicyRule<"administration", AdministrationAction>[] =
  administrationActions.map((action) => ({
    id: `administration.${action}`,
    resource: "administration",
    actions: [action],
    roles: ["api_key"],
    conditions: { scopes: action, standing: "valid" },
    means: `The key is valid and has this scope. It may ${scopes[action]}.`,
    reason: "scope",
  }));
