import type { Purpose } from "../../crypto/wire/purposes.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/** The purposes for which a new tenant demands a consent. */
export const requiredByDefault: readonly Purpose[] = ["archiving", "history_sharing"];

/**
 * Sets for which purposes the tenant demands a consent.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError tenant_not_found
 */
export const requireConsents = (
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly purposes: readonly Purpose[];
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> => {
  const { slug, nowMs, by } = change;
  const purposes = [...new Set(change.purposes)].toSorted();
  return changeTenant(
    ownerUrl,
    { slug, action: "tenant.require_consents", nowMs, by },
    async (client, { id }) => {
      await client.query("update sealdesk.tenants set required_consents = $2 where id = $1", [
        id,
        purposes,
      ]);
      return { purposes };
    },
  );
};
