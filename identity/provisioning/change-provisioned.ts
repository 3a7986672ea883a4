import type { IdentityProviderId, NewId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Client } from "../../db/pool.ts";
import type { Secret } from "../../keys/secret.ts";
import { authorised, type ChangeBy, type KeyAdministrator } from "../accounts/administrator.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { IdentityError } from "../identity-error.ts";
import { findProvider, type IdentityProvider } from "../providers/identity-provider.ts";

/** Which provider of which tenant a request over SCIM is about. */
export interface ProvisioningPlace {
  readonly tenant: TenantId;
  /** The provider's name. */
  readonly provider: string;
}

export interface ProvisioningDeps {
  /** A login that may act as sealdesk_owner. */
  readonly ownerUrl: string;
  readonly newId: NewId;
  readonly profiles: Profiles;
  readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** A transaction that changes what a provider has written. */
export interface Provisioning {
  readonly deps: ProvisioningDeps;
  readonly client: Client;
  readonly provider: IdentityProvider;
  /** The fields of audit entries that say who acts. */
  readonly by: Omit<ChangeBy, "user" | "provider">;
  /** The accounts that were disabled. */
  readonly departed: Set<UserId>;
}

/** The outcome of a change. Call `announce` for those who departed. */
export interface Provisioned<T> {
  readonly result: T;
  readonly departed: readonly UserId[];
}

/**
 * Changes what a provider has written, in one transaction with the accounts and the audit entries. Changes of one
 * provider wait for each other.
 * @throws IdentityError provisioning_not_enabled, username_taken; those of `by.authorise`; what `work` throws
 */
export async function changeProvisioned<T>(
  deps: ProvisioningDeps,
  by: KeyAdministrator,
  { tenant, provider: name }: ProvisioningPlace,
  work: (provisioning: Provisioning) => Promise<T>,
): Promise<Provisioned<T>> {
  const departed = new Set<UserId>();
  const result = await asOwner(deps.ownerUrl, tenant, async (client) => {
    const who = await authorised(client, by);
    const { rows } = await client.query<{ id: IdentityProviderId }>(
      "select id from identity_providers where name = $1 for no key update",
      [name],
    );
    if (rows.length === 0) throw notEnabled();
    const provider = await provisioningProvider(client, name);
    return work({
      deps,
      client,
      provider,
      by: { ...who, tenant, occurredAtMs: deps.now() },
      departed,
    });
  }).catch((cause: unknown) => {
    // An account of that name was made at the same time.
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw new IdentityError("username_taken", "That name was taken meanwhile. Repeat it.", {
      cause,
    });
  });
  return { result, departed: [...departed] };
}

/**
 * Returns the provider of this name if its accounts come over SCIM. The transaction must be fenced to its tenant.
 * @throws IdentityError provisioning_not_enabled
 */
export async function provisioningProvider(
  client: Client,
  name: string,
): Promise<IdentityProvider> {
  const provider = await findProvider(client, name);
  if (provider?.accounts !== "scim-only") throw notEnabled();
  return provider;
}

const notEnabled = (): IdentityError =>
  new IdentityError(
    "provisioning_not_enabled",
    "The tenant has no identity provider of this name whose accounts come over SCIM. The operator adds it with `sealdesk idp add --accounts scim-only`.",
  );
