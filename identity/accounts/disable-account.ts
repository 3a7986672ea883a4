import { appendEntry } from "../../audit/append-entry.ts";
import type { DeviceId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import type { Client } from "../../db/pool.ts";
import { clearAccount } from "../directory/clear-account.ts";
import { lockAccount } from "../directory/lock-account.ts";
import { userNotFound } from "../identity-error.ts";
import { leaveAllTeams } from "../teams/follow-groups.ts";
import { authorised, type AdministeredAccount, type ChangeBy } from "./administrator.ts";
import { findStaff } from "./find-staff.ts";
import type { Profiles } from "./profiles.ts";

/** What `users.disabled_by` says of an account that no identity provider disabled. */
export const BY_OPERATOR = "operator";

/** An administrator's act that disables an account of staff or enables it again. */
interface AccountChange extends AdministeredAccount {
  readonly tenant: TenantId;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * Disables an account of staff: nobody signs in to it, its sessions end, and its devices and its certificate are
 * removed. It leaves its teams. Running servers close its sockets on every node. A repeat changes nothing more and is audited. The
 * application may not do this, so it connects as the owner of the database. Call `announce` for the account
 * afterwards.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns the removed devices
 * @throws IdentityError user_not_found; KeysError kms_...
 */
export function disableAccount(
  ownerUrl: string,
  profiles: Pick<Profiles, "usernameIndexes">,
  { tenant, account, nowMs, by }: AccountChange,
): Promise<{ readonly user: UserId; readonly devices: readonly DeviceId[] }> {
  return asOwner(ownerUrl, tenant, async (client) => {
    const who = await authorised(client, by);
    const user = await findStaff(client, profiles, tenant, account);
    return { user, devices: await disable(client, { ...who, tenant, user, occurredAtMs: nowMs }) };
  });
}

/**
 * Enables a disabled account again. It has no device, so the person registers one anew. A repeat changes nothing and
 * is audited.
 * @throws IdentityError user_not_found; KeysError kms_...
 */
export function enableAccount(
  ownerUrl: string,
  profiles: Pick<Profiles, "usernameIndexes">,
  { tenant, account, nowMs, by }: AccountChange,
): Promise<UserId> {
  return asOwner(ownerUrl, tenant, async (client) => {
    const who = await authorised(client, by);
    const user = await findStaff(client, profiles, tenant, account);
    await enable(client, { ...who, tenant, user, occurredAtMs: nowMs });
    return user;
  });
}

/** Like `disableAccount`, in a transaction of the owner that is fenced to the tenant. */
export async function disable(
  client: Client,
  { user, provider, ...who }: ChangeBy,
): Promise<readonly DeviceId[]> {
  const { tenant, occurredAtMs: nowMs } = who;
  const account = await lockAccount(client, user);
  if (account === undefined) throw userNotFound();
  // What the operator disables, no identity provider enables.
  await client.query(
    `update users set disabled_at_ms = coalesce(disabled_at_ms, $2),
       disabled_by = case when disabled_at_ms is null or $3 = $4 then $3 else disabled_by end
     where id = $1`,
    [user, nowMs, provider?.id ?? BY_OPERATOR, BY_OPERATOR],
  );
  const devices = await clearAccount(client, { tenant, user, ...account }, nowMs);
  await client.query("delete from staff_certificates where user_id = $1", [user]);
  await leaveAllTeams(client, { ...who, user });
  await client.query(
    `insert into departures (tenant, user_id, at_ms) values ($1, $2, $3)
     on conflict (tenant, user_id) do update set at_ms = excluded.at_ms`,
    [tenant, user, nowMs],
  );
  await appendEntry(client, {
    ...who,
    action: "user.disable",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    details: { devices: devices.length, ...(provider && { provider: provider.name }) },
  });
  return devices;
}

/** Like `enableAccount`, in a transaction of the owner that is fenced to the tenant. */
export async function enable(client: Client, { user, provider, ...who }: ChangeBy): Promise<void> {
  await client.query("update users set disabled_at_ms = null, disabled_by = null where id = $1", [
    user,
  ]);
  // Nothing of an open account is to be given away.
  await client.query("delete from departures where user_id = $1", [user]);
  await appendEntry(client, {
    ...who,
    action: "user.enable",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    details: { ...(provider && { provider: provider.name }) },
  });
}
