import type { JSONWebKeySet } from "jose";
import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { authorised, type KeyAdministrator } from "../accounts/administrator.ts";
import { nameKeys, type CustomerKeyName } from "../accounts/customer-keys.ts";
import type { UseCase } from "../audited.ts";

/** The settings of a tenant that its backend may know. */
export interface TenantSettings {
  readonly customerKeys: readonly CustomerKeyName[];
  readonly customerJwksUrl: string | null;
  readonly revokedCustomerKids: readonly string[];
  readonly origins: readonly string[];
  readonly allowsStaffGrants: boolean;
}

const SETTINGS = `
  select customer_keys as "customerKeys", customer_jwks_url as "customerJwksUrl",
    revoked_customer_kids as "revokedCustomerKids", origins,
    staff_history_grants as "allowsStaffGrants"
  from tenants where id = $1`;

/**
 * Returns the settings of a tenant, for a program with an API key.
 * @throws IdentityError forbidden
 */
export function readTenantSettings(
  { pool, now }: UseCase,
  by: KeyAdministrator,
  tenant: TenantId,
): Promise<TenantSettings> {
  return inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const { rows } = await client.query<
      Omit<TenantSettings, "customerKeys"> & { readonly customerKeys: JSONWebKeySet }
    >(SETTINGS, [tenant]);
    const [row] = rows;
    if (row === undefined) throw new Error("a tenant vanished between two statements");
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      ...who,
      action: "tenant.read_settings",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
    });
    return { ...row, customerKeys: await nameKeys(row.customerKeys) };
  });
}
