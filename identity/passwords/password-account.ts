import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideCredentials, type CredentialsFacts } from "../../policies/credentials.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { assertAllowedOnDevice } from "../audited.ts";
import { IdentityError, userNotFound } from "../identity-error.ts";

/** What decisions about credentials need to know, besides whose they are. */
type AccountFacts = Pick<CredentialsFacts, "hasPassword" | "hasDevices">;

const FACTS = `u.password_hash is not null as "hasPassword",
  exists (select from devices d where d.user_id = u.id and d.revoked_at_ms is null) as "hasDevices"`;

/** Returns the facts about an account of the tenant, or undefined if there is none. */
export async function readCredentialsFacts(
  client: Client,
  user: UserId,
): Promise<AccountFacts | undefined> {
  const { rows } = await client.query<AccountFacts>(`select ${FACTS} from users u where id = $1`, [
    user,
  ]);
  return rows[0];
}

/**
 * Decides again about the actor's own account, once its lock is held: it may have got its first device since.
 * @throws IdentityError device_required, forbidden
 */
export async function assertOwnCredentials(
  client: Client,
  actor: Actor,
  action: "change_password" | "enrol_factor",
): Promise<void> {
  const { tenant, user } = actor;
  const facts = await readCredentialsFacts(client, user);
  if (facts === undefined) throw userNotFound();
  assertAllowedOnDevice(decideCredentials(actor, action, { tenant, user, ...facts }));
}

/** An account whose person gives the password. */
export interface PasswordAccount extends AccountFacts {
  readonly passwordHash: string | null;
  /** Empty for a customer. */
  readonly username: string;
  /** The tenant's short name. */
  readonly slug: string;
}

interface AccountRow extends AccountFacts {
  readonly id: UserId;
  readonly passwordHash: string | null;
  readonly username: Uint8Array | null;
  readonly displayName: Uint8Array | null;
  readonly slug: string;
}
const ACCOUNT = `
  select u.id, u.password_hash as "passwordHash", u.username, u.display_name as "displayName", t.slug,
    ${FACTS}
  from users u join tenants t on t.id = u.tenant where u.id = $1`;

/** @throws IdentityError user_not_found; KeysError kms_... */
export async function readPasswordAccount(
  { pool, profiles }: { readonly pool: Pool; readonly profiles: Profiles },
  tenant: TenantId,
  user: UserId,
): Promise<PasswordAccount> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<AccountRow>(ACCOUNT, [user]),
  );
  const [account] = await profiles.openedNames(tenant, rows);
  if (account === undefined) throw userNotFound();
  return { ...account, username: account.username ?? "" };
}

/**
 * Replaces the password of an account, which must still be the one that was read. A link for a new password
 * is of no use then, so it is deleted.
 * @throws IdentityError wrong_password: it was replaced meanwhile
 */
export async function replacePassword(
  client: Client,
  user: UserId,
  hashes: { readonly present: string; readonly replacement: string },
): Promise<void> {
  const { rows } = await client.query<{ replaced: boolean }>(
    "select replace_password($1, $2, $3) as replaced",
    [user, hashes.present, hashes.replacement],
  );
  if (rows[0]?.replaced !== true)
    throw new IdentityError(
      "wrong_password",
      "The password was changed a moment ago, so this is no longer the present one.",
    );
  await client.query("delete from password_resets where user_id = $1", [user]);
}
