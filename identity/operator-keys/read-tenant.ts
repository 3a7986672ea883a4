import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Purpose } from "../../crypto/wire/purposes.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { SetLimits } from "../../policies/tenant-limits.ts";
import { authorised, type KeyAdministrator } from "../accounts/administrator.ts";
import { readTenantLimits } from "../accounts/tenant-limits.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";

/** A tenant as the operator administers it. */
export interface AdministeredTenant {
  readonly id: TenantId;
  readonly name: string;
  /** Milliseconds since the Unix epoch; null while the tenant is served. */
  readonly suspendedAtMs: number | null;
  /** The purposes for which it demands a consent. */
  readonly requiredConsents: readonly Purpose[];
  /** The limits that do not have their first value. */
  readonly limits: SetLimits;
}

const TENANT = `
  select id, name, suspended_at_ms as "suspendedAtMs", required_consents as "requiredConsents"
  from tenants where id = $1`;

/**
 * Returns what the operator has set for a tenant.
 * @param tenant undefined if there is none of the name that the program gave
 * @throws IdentityError forbidden, tenant_not_found
 */
export function readTenant(
  { pool, now }: UseCase,
  by: KeyAdministrator,
  tenant: TenantId | undefined,
): Promise<AdministeredTenant> {
  if (tenant === undefined)
    throw new IdentityError("tenant_not_found", "There is no tenant of that slug.");
  return inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const { rows } = await client.query<Omit<AdministeredTenant, "limits">>(TENANT, [tenant]);
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
    return { ...row, limits: await readTenantLimits(client, tenant) };
  });
}
