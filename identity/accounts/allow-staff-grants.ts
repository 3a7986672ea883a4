import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/**
 * Decides whether a tenant's staff may share a conversation's past with colleagues, with the
 * customer's consent.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError tenant_not_found
 */
export function allowStaffGrants(
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly allowed: boolean;
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> {
  const { slug, allowed, nowMs, by } = change;
  const action = allowed ? "tenant.allow_staff_grants" : "tenant.forbid_staff_grants";
  return changeTenant(ownerUrl, { slug, action, nowMs, by }, async (client, { id }) => {
    await client.query("update sealdesk.tenants set staff_history_grants = $2 where id = $1", [
      id,
      allowed,
    ]);
    return undefined;
  });
}
