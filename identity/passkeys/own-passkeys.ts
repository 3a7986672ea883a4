import type { PasskeyId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideOwn } from "../../policies/credentials.ts";
import type { DirectoryDeps } from "../accounts/profiles.ts";
import { assertAllowed, audited } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";

/** A passkey of an account. Times are milliseconds since the Unix epoch. */
export interface Passkey {
  readonly id: PasskeyId;
  /** What the person calls it; null if it was erased. */
  readonly name: string | null;
  /** The domain of the page that it was made on. It works there only. */
  readonly rpId: string;
  /** Whether the authenticator may copy it to other devices of the person. */
  readonly isSynced: boolean;
  /** Whether there was a copy at the last use. */
  readonly isBackedUp: boolean;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number | null;
}

/**
 * Lists the passkeys of the actor's own account, the oldest first.
 * @throws IdentityError forbidden; KeysError kms_...
 */
export async function listOwnPasskeys(
  deps: DirectoryDeps,
  actor: Actor,
): Promise<readonly Passkey[]> {
  const { tenant, user } = actor;
  assertAllowed(decideOwn(actor, "list_passkeys", { tenant, user }));
  return readPasskeys(deps, tenant, user);
}

export async function readPasskeys(
  { pool, profiles }: Pick<DirectoryDeps, "pool" | "profiles">,
  tenant: TenantId,
  user: UserId,
): Promise<readonly Passkey[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<Omit<Passkey, "name"> & { readonly name: Uint8Array }>(
      `select id, name, rp_id as "rpId", is_synced as "isSynced", is_backed_up as "isBackedUp",
         created_at_ms as "createdAtMs", last_used_at_ms as "lastUsedAtMs"
       from passkeys where user_id = $1 order by created_at_ms, id`,
      [user],
    ),
  );
  const sealed = rows.map(({ name }) => name);
  const names = await profiles.passkeyNames(tenant, user, sealed);
  return rows.map((row, at) => ({ ...row, name: names[at] ?? null }));
}

/**
 * Gives a passkey of the actor's own account another name.
 * @throws IdentityError passkey_not_found, forbidden; KeysError kms_...
 */
export async function renamePasskey(
  deps: DirectoryDeps,
  actor: Actor,
  { id, name }: { readonly id: PasskeyId; readonly name: string },
): Promise<void> {
  const { tenant, user } = actor;
  const act = {
    action: "user.rename_passkey",
    resource: { type: "user", id: user },
    details: { passkey: id },
  } as const;
  const decision = decideOwn(actor, "rename_passkey", { tenant, user });
  const sealed = await deps.profiles.sealPasskeyName(tenant, user, name);
  await audited(deps, actor, act, async (client, note) => {
    note({ decision });
    assertAllowed(decision);
    const { rowCount } = await client.query(
      "update passkeys set name = $3 where id = $1 and user_id = $2",
      [id, user, sealed],
    );
    if (rowCount === 0) throw passkeyNotFound();
  });
}

export const passkeyNotFound = (): IdentityError =>
  new IdentityError("passkey_not_found", "The account has no passkey of that id.");
