import type { StaffRole } from "../../policies/actor.ts";
import { SIGNED_IN_ELSEWHERE } from "../../policies/second-factor.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/**
 * Requires a second factor of every account of a role, or no longer requires it. From then on, an account without
 * one may only enrol it: see `decideSessionUse`. The sessions of such accounts end, so that their open
 * connections end too.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns how many sessions ended
 * @throws IdentityError tenant_not_found
 */
export async function requireSecondFactor(
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly role: StaffRole;
    readonly isRequired: boolean;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<number> {
  const { slug, role, isRequired, nowMs, by } = change;
  let sessions = 0;
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.set_second_factor", nowMs, by },
    async (client, { id }) => {
      // Sessions that are being opened refer to the tenant. Those that exist end below, and others wait.
      await client.query("select from sealdesk.tenants where id = $1 for update", [id]);
      const { rows } = await client.query<{ roles: readonly string[] }>(
        `update sealdesk.tenants set second_factor_roles = array(
           select each from unnest(second_factor_roles) as each where each <> $2
           union select $2 where $3 order by 1)
         where id = $1 returning second_factor_roles as roles`,
        [id, role, isRequired],
      );
      if (isRequired) {
        const ended = await client.query(
          `update sealdesk.sessions s set revoked_at_ms = $3
           from sealdesk.users u
           where s.tenant = $1 and u.id = s.user_id and u.role = $2 and s.method <> all($4)
             and s.factor_at_ms is null and s.revoked_at_ms is null and s.expires_at_ms > $3`,
          [id, role, nowMs, SIGNED_IN_ELSEWHERE],
        );
        sessions = ended.rowCount ?? 0;
      }
      return { role, roles: [...(rows[0]?.roles ?? [])], sessions };
    },
  );
  return sessions;
}
