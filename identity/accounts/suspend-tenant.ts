import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/**
 * Suspends a tenant, or lifts the suspension. The accounts of a suspended tenant cannot sign in and
 * are not served. Running servers close its sockets within about a second. A repeat changes nothing
 * and is audited.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError tenant_not_found
 */
export function suspendTenant(
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly suspended: boolean;
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> {
  const { slug, suspended, nowMs, by } = change;
  const action = suspended ? "tenant.suspend" : "tenant.resume";
  return changeTenant(
    ownerUrl,
    { slug, action, nowMs, by },
    async (client, { id, suspendedAtMs }) => {
      await client.query("update sealdesk.tenants set suspended_at_ms = $2 where id = $1", [
        id,
        suspended ? (suspendedAtMs ?? nowMs) : null,
      ]);
      return undefined;
    },
  );
}
