import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Policy } from "../../policies/policy.ts";
import type { Role } from "../../policies/roles.ts";
import { IdentityError } from "../identity-error.ts";
import { comparePolicies, type RightChange } from "../../policies/versions/compare-policies.ts";
import { defaultDemands } from "../../policies/versions/demands.ts";
import { readVersionInForce, type Policies } from "./policies.ts";

/** A right that a version changes, and for how many accounts. */
export interface CountedChange extends RightChange {
  readonly accounts: number;
}

/** What a version means for the tenant's accounts. */
export interface VersionEffects {
  readonly rights: readonly CountedChange[];
  /** The number of accounts that may do more afterwards, or under more conditions. */
  readonly gain: number;
  /** The number of accounts that may do less afterwards, or under other conditions. */
  readonly lose: number;
}

/**
 * Returns the policy in force, to compare a version with. A stored version that cannot be read lets nobody do
 * anything, so it has no rules.
 */
export async function policyBefore(
  policies: Policies,
  client: Client,
  tenant: TenantId,
): Promise<Policy> {
  const version = await readVersionInForce(client);
  try {
    return await policies.of(client, tenant, version);
  } catch (error) {
    if (!(error instanceof IdentityError && error.code === "policy_unreadable")) throw error;
    return { version, rules: [], demands: defaultDemands };
  }
}

const GAINS: readonly RightChange["effect"][] = ["gained", "widened"];

/** Compares two policies for the accounts that the tenant has now. */
export async function effectsOf(
  client: Client,
  before: Policy,
  after: Policy,
): Promise<VersionEffects> {
  const { rows } = await client.query<{ role: Role; accounts: number }>(
    "select role, count(*)::integer as accounts from users group by role",
  );
  const accountsOf = new Map(rows.map(({ role, accounts }) => [role, accounts]));
  const changes = comparePolicies(before, after);
  const sum = (some: readonly RightChange[]) =>
    [...new Set(some.map(({ role }) => role))].reduce(
      (total, role) => total + (accountsOf.get(role) ?? 0),
      0,
    );
  return {
    rights: changes.map((each) => ({ ...each, accounts: accountsOf.get(each.role) ?? 0 })),
    gain: sum(changes.filter(({ effect }) => GAINS.includes(effect))),
    lose: sum(changes.filter(({ effect }) => !GAINS.includes(effect))),
  };
}

/** The effects as the details of an audit entry. */
export const effectDetails = ({ rights, gain, lose }: VersionEffects) => ({
  gain,
  lose,
  rights: rights.map(
    ({ role, resource, action, effect }) => `${role} ${resource}.${action} ${effect}`,
  ),
});
