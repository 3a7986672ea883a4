import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/**
 * Sets whether the tenant's accounting of disclosures lists what serves treatment, payment and health care operations.
 * 45 CFR 164.528(a)(1)(i) exempts it.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError tenant_not_found
 */
export const setAccounting = (
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly operations: boolean;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> => {
  const { slug, operations, nowMs, by } = change;
  return changeTenant(
    ownerUrl,
    { slug, action: "tenant.set_accounting", nowMs, by },
    async (client, { id }) => {
      await client.query("update sealdesk.tenants set accounting_operations = $2 where id = $1", [
        id,
        operations,
      ]);
      return { operations };
    },
  );
};
