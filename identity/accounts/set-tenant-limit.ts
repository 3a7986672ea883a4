import type { TenantLimitName } from "../../policies/tenant-limits.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";
import { readTenantLimits } from "./tenant-limits.ts";

/**
 * Sets a limit of a tenant. Every node uses it within five seconds.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @param change.value within the limit's form (`faultOfLimit`); null for the first value
 * @throws IdentityError tenant_not_found
 */
export const setTenantLimit = (
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly limit: TenantLimitName;
    readonly value: string | null;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> => {
  const { slug, limit, value, nowMs, by } = change;
  return changeTenant(
    ownerUrl,
    { slug, action: "tenant.set_limit", nowMs, by },
    async (client, { id }) => {
      await (value === null
        ? client.query(`update sealdesk.tenants set ${limit} = default where id = $1`, [id])
        : client.query(`update sealdesk.tenants set ${limit} = $2 where id = $1`, [id, value]));
      return {
        limit,
        ...(value !== null && { value }),
        limits: { ...(await readTenantLimits(client, id)) },
      };
    },
  );
};
