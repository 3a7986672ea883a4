import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/** Returns the conversations that each of these users is currently a member of. */
export async function conversationsOf(
  pool: Pool,
  tenant: Uuid,
  users: readonly Uuid[],
): Promise<ReadonlyMap<Uuid, readonly Uuid[]>> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ user: Uuid; conversations: Uuid[] }>(
      `select user_id as "user", array_agg(conversation) as conversations from members
       where until_seq is null and user_id = any($1::uuid[]) group by user_id`,
      [uuidArray(users)],
    ),
  );
  return new Map(rows.map(({ user, conversations }) => [user, conversations]));
}

/** Returns the users among `users` who are currently members of any of these conversations. */
export async function membersAmong(
  pool: Pool,
  tenant: Uuid,
  conversations: readonly Uuid[],
  users: readonly Uuid[],
): Promise<readonly Uuid[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ user: Uuid }>(
      `select distinct user_id as "user" from members
       where until_seq is null and conversation = any($1::uuid[]) and user_id = any($2::uuid[])`,
      [uuidArray(conversations), uuidArray(users)],
    ),
  );
  return rows.map(({ user }) => user);
}
