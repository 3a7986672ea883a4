import type { StaffRole } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import type { GroupRole } from "./provider-role.ts";

/** What an identity provider has said about a person over SCIM. */
export interface ProvisionedPerson {
  /** The attribute `active`. */
  readonly active: boolean;
  /** The names of the groups that the person is in. */
  readonly groups: readonly string[];
  /** The operator's mapping, in order of precedence. */
  readonly mapping: readonly GroupRole[];
}

/**
 * Decides whether a provisioned person has an open account, and its role: that of the first mapping whose group they
 * are in. Pure.
 */
export function decideProvisionedAccount({ active, groups, mapping }: ProvisionedPerson): {
  readonly decision: Decision;
  readonly role: StaffRole | undefined;
} {
  if (!active) return { decision: deny("person_inactive"), role: undefined };
  const role = mapping.find(({ group }) => groups.includes(group))?.role;
  return role === undefined
    ? { decision: deny("no_mapped_group"), role }
    : { decision: allow("mapped_group"), role };
}
