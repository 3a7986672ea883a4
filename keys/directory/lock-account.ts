import type { Client } from "../../db/pool.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Role } from "../../policies/actor.ts";

export interface LockedAccount {
  readonly role: Role;
  /** Undefined until the account's first device is registered. */
  readonly accountKey: Uint8Array | undefined;
}

/**
 * The account, locked until the transaction ends: its changes are numbered, and are made one at a
 * time. Undefined when the tenant has no such user.
 */
export async function lockAccount(client: Client, user: Uuid): Promise<LockedAccount | undefined> {
  const { rows } = await client.query<{ role: Role; accountKey: Uint8Array | null }>(
    `select role, account_key as "accountKey" from users where id = $1 for no key update`,
    [user],
  );
  const [row] = rows;
  return row && { role: row.role, accountKey: row.accountKey ?? undefined };
}
