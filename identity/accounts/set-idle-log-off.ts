import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/**
 * Sets after how many minutes without an act of a person the sessions of the tenant's staff end. It holds for
 * open sessions, too.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @param change.minutes within `IDLE_MINUTES`; null for never
 * @throws IdentityError tenant_not_found
 */
export const setIdleLogOff = (
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
    { slug, action: "tenant.set_idle_log_off", nowMs, by },
    async (client, { id }) => {
      await client.query("update sealdesk.tenants set idle_log_off_minutes = $2 where id = $1", [
        id,
        minutes,
      ]);
      return minutes === null ? {} : { minutes };
    },
  );
};
