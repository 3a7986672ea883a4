import type { StaffRole } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";

/** A group of an identity provider, and the role of its members. */
export interface GroupRole {
  readonly group: string;
  readonly role: StaffRole;
}

/** The facts about a person whom an identity provider has authenticated. */
export interface ProviderSignIn {
  /** The operator's mapping, in order of precedence. If it is empty, roles are given here. */
  readonly mapping: readonly GroupRole[];
  /** The person's groups, as the provider says. */
  readonly groups: readonly string[];
  /** The role of the person's account. Undefined if there is none. */
  readonly currentRole: StaffRole | undefined;
  /** Who makes the accounts: a first sign-in, the operator, or the provider over SCIM. */
  readonly accounts: "jit" | "existing" | "scim-only";
  readonly isDisabled: boolean;
  /** Whether the provider has written the person over SCIM. */
  readonly isProvisioned: boolean;
}

/** Returns the role of the first mapping whose group is among these, if there is one. Pure. */
export const mappedRole = (
  mapping: readonly GroupRole[],
  groups: readonly string[],
): StaffRole | undefined => mapping.find(({ group }) => groups.includes(group))?.role;

/**
 * Decides whether the person may sign in, and the role of their account from then on: that of the
 * first mapping whose group they are in. Pure.
 */
export function decideProviderSignIn({
  mapping,
  groups,
  currentRole,
  isDisabled,
  accounts,
  isProvisioned,
}: ProviderSignIn): { readonly decision: Decision; readonly role: StaffRole | undefined } {
  if (isDisabled) return { decision: deny("account_disabled"), role: undefined };
  const noAccount = { decision: deny("no_account"), role: undefined };
  if (accounts === "scim-only")
    return currentRole === undefined || !isProvisioned
      ? noAccount
      : { decision: allow("provisioned"), role: currentRole };
  if (currentRole === undefined && accounts === "existing") return noAccount;
  const role = mapping.length === 0 ? currentRole : mappedRole(mapping, groups);
  return role === undefined
    ? { decision: deny("no_mapped_group"), role }
    : { decision: allow(mapping.length === 0 ? "own_role" : "mapped_group"), role };
}
