import type { StaffRole } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { mappedRole, type GroupRole } from "./provider-role.ts";

/** What an identity provider has said about a person over SCIM. */
export interface ProvisionedPerson {
  /** The attribute `active`. */
  readonly active: boolean;
  /** The names of the groups that the person is in. */
  readonly groups: readonly string[];
  /** The operator's mapping, in order of precedence. */
  readonly mapping: readonly GroupRole[];
  /** Whether a group of this provider has given the person a role before. */
  readonly gaveRole: boolean;
  /** Who disabled the account. Undefined if it is open, or if there is none. */
  readonly disabledBy: "this_provider" | "somebody_else" | undefined;
}

/**
 * Decides whether a provisioned person has an open account, and its role: that of the first mapping whose group they
 * are in. A provider does not open what somebody else disabled. Until one of its groups has given the person a role, an
 * open account stays as it is. Pure.
 * @returns role undefined if the account is to be disabled, or is to keep the role that it has
 */
export function decideProvisionedAccount(person: ProvisionedPerson): {
  readonly decision: Decision;
  readonly role: StaffRole | undefined;
} {
  const { active, groups, mapping, gaveRole, disabledBy } = person;
  const refused = (reason: string) => ({ decision: deny(reason), role: undefined });
  if (!active) return refused("person_inactive");
  if (disabledBy === "somebody_else") return refused("disabled_by_another");
  const role = mappedRole(mapping, groups);
  if (role !== undefined) return { decision: allow("mapped_group"), role };
  if (gaveRole || disabledBy !== undefined) return refused("no_mapped_group");
  return { decision: allow("no_role_given_yet"), role: undefined };
}
