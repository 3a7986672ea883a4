import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { FairCache } from "../../policies/fair-cache.ts";
import { defaultPolicy, type Policy } from "../../policies/policy.ts";
import { IdentityError } from "../identity-error.ts";
import { openVersion, type StoredVersion } from "./version-row.ts";

/** The number of compiled versions that a node keeps. */
const KEPT = 1_000;

/**
 * The compiled policies of tenants. A version never changes, so what is kept cannot be stale. The database
 * says which version is in force, in the transaction that asks.
 */
export class Policies {
  readonly #compiled = new FairCache<Policy>(KEPT);

  /**
   * Returns the policy that is in force now.
   * @param client its transaction or its session is fenced to the tenant
   * @throws IdentityError policy_unreadable
   */
  async inForce(client: Client, tenant: TenantId): Promise<Policy> {
    return this.of(client, tenant, await readVersionInForce(client));
  }

  /**
   * Returns one version of the tenant's policy; 0 is the default rules.
   * @throws IdentityError policy_version_not_found, policy_unreadable
   */
  async of(client: Client, tenant: TenantId, version: number): Promise<Policy> {
    if (version === 0) return defaultPolicy;
    const name = String(version);
    const known = this.#compiled.get(tenant, name);
    if (known !== undefined) return known;
    const { policy } = openVersion(await readVersion(client, version));
    this.#compiled.set(tenant, name, policy);
    return policy;
  }
}

/** Returns the version that is in force by the clock of the database. */
export async function readVersionInForce(client: Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>({
    name: "policy-in-force",
    text: "select sealdesk.policy_version() as version",
    values: [],
  });
  return rows[0]?.version ?? 0;
}

/** @throws IdentityError policy_version_not_found */
export async function readVersion(client: Client, version: number): Promise<StoredVersion> {
  const { rows } = await client.query<StoredVersion>(
    "select version, changes, hash from policy_versions where version = $1",
    [version],
  );
  const [row] = rows;
  if (row === undefined)
    throw new IdentityError("policy_version_not_found", `The policy has no version ${version}.`);
  return row;
}
