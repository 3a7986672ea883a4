import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/**
 * Sets for how many minutes after a message its author may edit or delete it. Devices learn it when they connect next.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @param change.minutes within `REVISION_MINUTES`; null for never
 * @throws IdentityError tenant_not_found
 */
export const setMessageRevisions = (
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly minutes: number | null;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> => {
  const { slug, minutes, nowMs, by } = change;
  return changeTenant(
    ownerUrl,
    { slug, action: "tenant.set_message_revisions", nowMs, by },
    async (client, { id }) => {
      await client.query("update sealdesk.tenants set revision_minutes = $2 where id = $1", [
        id,
        minutes,
      ]);
      return minutes === null ? {} : { minutes };
    },
  );
};
