import { nilId, type DeviceId, type TenantId, type UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Policy } from "../../policies/policy.ts";
import { NEW_DEVICE_MS } from "../../policies/anomalies.ts";
import { unknownSignIn, type SignInFacts } from "../../policies/sign-in-facts.ts";
import { staffRoles, type Role } from "../../policies/roles.ts";

interface AccountRow {
  readonly user: UserId;
  readonly role: Role;
  readonly device: DeviceId | null;
  /** Null if the account has no open session. */
  readonly signIn: SignInFacts | null;
}

// An account with several devices acts with the oldest, and in the session that was opened last.
const ACCOUNTS = `
  select u.id as "user", u.role, (select d.id from devices d
    where d.user_id = u.id and d.revoked_at_ms is null order by d.created_at_ms, d.id limit 1) as device,
    (select json_build_object('assurance', s.assurance, 'anonymous', s.method = 'anonymous',
        'signInVelocity', s.sign_in_velocity, 'accountsOnNetwork', s.accounts_on_network,
        'newDevice', not exists (select from devices d where d.user_id = u.id and d.revoked_at_ms is null
          and d.created_at_ms <= sealdesk.database_now_ms() - ${NEW_DEVICE_MS})) from sessions s
      where s.user_id = u.id and s.revoked_at_ms is null and s.expires_at_ms > sealdesk.database_now_ms()
      order by s.created_at_ms desc, s.id limit 1) as "signIn"
  from users u`;

/** Returns the accounts among `users` as they would act now, decided by `policy`. */
export async function actorsAmong(
  client: Client,
  tenant: TenantId,
  policy: Policy,
  users: readonly UserId[],
): Promise<readonly Actor[]> {
  const { rows } = await client.query<AccountRow>(
    `${ACCOUNTS} where u.id = any($1::uuid[]) order by u.role, u.id`,
    [users],
  );
  return rows.map((row) => actorOf(tenant, policy, row));
}

/** Returns all staff, and the accounts among `users`, as they would act now. */
export async function staffAnd(
  client: Client,
  tenant: TenantId,
  policy: Policy,
  users: readonly UserId[],
): Promise<readonly Actor[]> {
  const { rows } = await client.query<AccountRow>(
    `${ACCOUNTS} where u.role = any($1::text[]) or u.id = any($2::uuid[]) order by u.role, u.id`,
    [staffRoles, users],
  );
  return rows.map((row) => actorOf(tenant, policy, row));
}

/** A customer of the tenant who has nothing to do with the resource, with a registered device. */
export const anyCustomer = (tenant: TenantId, policy: Policy): Actor =>
  actorOf(tenant, policy, { user: nilId(), role: "customer", device: nilId(), signIn: null });

const actorOf = (
  tenant: TenantId,
  policy: Policy,
  { user, role, device, signIn }: AccountRow,
): Actor => ({
  tenant,
  user,
  role,
  policy,
  device: device ?? undefined,
  session: nilId(),
  signIn: signIn ?? unknownSignIn,
  method: "explanation",
});
