import type { Client } from "../../db/pool.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Role } from "../../policies/actor.ts";
import { findStaff, type StaffName } from "../accounts/find-staff.ts";
import type { Profiles } from "../accounts/profiles.ts";

export interface LockedAccount {
  readonly role: Role;
  /** Undefined until the account's first device is registered. */
  readonly accountKey: Uint8Array | undefined;
}

/**
 * Locks the account until the transaction ends. Changes of an account are numbered, so they are
 * made one at a time. Returns undefined if the tenant has no such user.
 */
export const lockAccount = async (
  client: Client,
  user: UserId,
): Promise<LockedAccount | undefined> => (await lockAccounts(client, [user])).get(user);

/**
 * Like `lockAccount`, for several accounts. It always locks them in the same order, so that no two
 * callers wait for each other.
 */
export async function lockAccounts(
  client: Client,
  users: readonly UserId[],
): Promise<ReadonlyMap<UserId, LockedAccount>> {
  const { rows } = await client.query<{ id: UserId; role: Role; accountKey: Uint8Array | null }>(
    `select id, role, account_key as "accountKey" from users where id = any($1::uuid[])
     order by id for no key update`,
    [users],
  );
  return new Map(
    rows.map(({ id, role, accountKey }) => [id, { role, accountKey: accountKey ?? undefined }]),
  );
}

/**
 * Like `lockAccount`, for an account of staff.
 * @throws IdentityError user_not_found
 */
export async function lockStaff(
  client: Client,
  profiles: Pick<Profiles, "usernameIndexes">,
  tenant: TenantId,
  name: StaffName,
): Promise<UserId> {
  await lockAccount(client, await findStaff(client, profiles, tenant, name));
  // Whoever held the lock may have erased or renamed the account.
  return findStaff(client, profiles, tenant, name);
}
