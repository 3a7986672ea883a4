import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/**
 * Decides whether customers of a tenant may sign in without a customer token. If they may not any more, the sessions that
 * were opened without one end.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns how many sessions ended
 * @throws IdentityError tenant_not_found
 */
export async function allowAnonymousCustomers(
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly allowed: boolean;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<number> {
  const { slug, allowed, nowMs, by } = change;
  const action = allowed ? "tenant.allow_anonymous_customers" : "tenant.forbid_anonymous_customers";
  let sessions = 0;
  await changeTenant(ownerUrl, { slug, action, nowMs, by }, async (client, { id }) => {
    await client.query("update sealdesk.tenants set anonymous_customers = $2 where id = $1", [
      id,
      allowed,
    ]);
    if (allowed) return undefined;
    const ended = await client.query(
      `update sealdesk.sessions set revoked_at_ms = $2
       where tenant = $1 and method = 'anonymous' and revoked_at_ms is null and expires_at_ms > $2`,
      [id, nowMs],
    );
    sessions = ended.rowCount ?? 0;
    return { sessions };
  });
  return sessions;
}
