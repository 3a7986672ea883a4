import type { PolicyRule } from "./rule.ts";

/** What an API key can be allowed to do in its tenant, and what that means. A key's scopes are these actions. */
const scopes = {
  read_staff: "list the accounts of staff",
  create_staff: "create accounts of staff, with any role",
  set_role: "give accounts of staff another role",
  reset_account: "reset accounts of staff that lost their devices",
  disable_account: "disable accounts of staff",
  enable_account: "enable disabled accounts of staff, which then have no device",
  reset_password: "make links with which staff choose a new password",
  reset_factor: "remove second factors and passkeys of staff who lost them",
  read_settings: "read the tenant's settings",
  change_customer_keys: "add, replace, remove and revoke the keys of customer tokens",
  unrevoke_customer_keys: "end the revocation of keys of customer tokens",
  change_origins: "allow and refuse origins of web pages",
  scim: "make, change and disable accounts of staff over SCIM for the identity provider that the scope names (`scim:NAME`), with the roles and teams of its groups",
  change_settings:
    "change the settings of earlier messages for colleagues, edits and deletions of messages, purpose of use, and the accounting of disclosures",
  change_sign_in:
    "change the settings of anonymous customers, of the second factor, and of the automatic log-off",
  change_identity_providers:
    "add, test and remove the identity providers of staff, and map their groups to teams",
  change_teams: "put accounts of staff into teams and take them out",
  link_identity: "let a person of an identity provider sign in to an account of staff that exists",
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
