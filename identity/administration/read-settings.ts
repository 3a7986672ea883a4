import type { JSONWebKeySet } from "jose";
import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { StaffRole } from "../../policies/actor.ts";
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
  readonly allowsAnonymousCustomers: boolean;
  /** The roles whose accounts must have a second factor. */
  readonly secondFactorRoles: readonly StaffRole[];
  /** Minutes without an act of a person after which staff are logged off; null for never. */
  readonly idleLogOffMinutes: number | null;
  readonly purposeReads: readonly string[];
  readonly purposeCodes: readonly string[];
  /** Whether the accounting of disclosures lists treatment, payment and operations. */
  readonly accountsOperations: boolean;
  /** Minutes after a message in which its author may edit or delete it; null for never. */
  readonly revisionMinutes: number | null;
}

const SETTINGS = `
  select customer_keys as "customerKeys", customer_jwks_url as "customerJwksUrl",
    revoked_customer_kids as "revokedCustomerKids", origins,
    staff_history_grants as "allowsStaffGrants", anonymous_customers as "allowsAnonymousCustomers",
    second_factor_roles as "secondFactorRoles", idle_log_off_minutes as "idleLogOffMinutes",
    purpose_reads as "purposeReads", purpose_codes as "purposeCodes",
    accounting_operations as "accountsOperations", revision_minutes as "revisionMinutes"
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
