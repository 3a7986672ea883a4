import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import type { Client } from "../../db/pool.ts";
import type { Role, StaffRole } from "../../policies/actor.ts";
import { isLoggedOffWhenIdle } from "../../policies/idle-log-off.ts";
import { userNotFound } from "../identity-error.ts";
import { authorised, type Administrator, type ChangeBy } from "./administrator.ts";
import { findStaff, type StaffName } from "./find-staff.ts";
import type { Profiles } from "./profiles.ts";

/**
 * Gives a staff account another role. Running servers close its sockets. The application may not do
 * this, so it connects as the owner of the database. A repeat changes nothing and is audited.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError user_not_found; KeysError kms_...
 */
export async function setRole(
  ownerUrl: string,
  profiles: Pick<Profiles, "usernameIndexes">,
  change: {
    readonly tenant: TenantId;
    readonly account: StaffName;
    readonly role: StaffRole;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> {
  const { tenant, account, role, nowMs, by } = change;
  await asOwner(ownerUrl, tenant, async (client) => {
    const who = await authorised(client, by);
    const user = await findStaff(client, profiles, tenant, account);
    await changeRole(client, { ...who, tenant, user, occurredAtMs: nowMs }, role);
  });
}

/**
 * Like `setRole`, in a transaction of the owner that is fenced to the tenant.
 * @throws IdentityError user_not_found
 */
export async function changeRole(
  client: Client,
  { user, provider, ...who }: ChangeBy,
  role: StaffRole,
): Promise<void> {
  const { rows } = await client.query<{ role: Role }>(
    "select role from users where id = $1 for update",
    [user],
  );
  const [account] = rows;
  if (account === undefined) throw userNotFound();
  await client.query("update users set role = $2 where id = $1", [user, role]);
  // Open sessions of a bot that becomes a person's account are logged off when idle, from now on. Those of a bot are not.
  await client.query(
    `update sessions set acted_at_ms = case when $2 then coalesce(acted_at_ms, sealdesk.database_now_ms()) end
     where user_id = $1 and revoked_at_ms is null`,
    [user, isLoggedOffWhenIdle(role)],
  );
  await appendEntry(client, {
    ...who,
    action: "user.set_role",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    details: {
      role,
      before: account.role,
      ...(provider !== undefined && { provider: provider.name }),
    },
  });
}
