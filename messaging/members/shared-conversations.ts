import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { TenantId, UserId, ConversationId } from "../../crypto/wire/ids.ts";

/** Returns the conversations that each of these users is currently a member of. */
export async function conversationsOf(
  pool: Pool,
  tenant: TenantId,
  users: readonly UserId[],
): Promise<ReadonlyMap<UserId, readonly ConversationId[]>> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ user: UserId; conversations: ConversationId[] }>(
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
  tenant: TenantId,
  conversations: readonly ConversationId[],
  users: readonly UserId[],
): Promise<readonly UserId[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ user: UserId }>(
      `select distinct user_id as "user" from members
       where until_seq is null and conversation = any($1::uuid[]) and user_id = any($2::uuid[])`,
      [uuidArray(conversations), uuidArray(users)],
    ),
  );
  return rows.map(({ user }) => user);
}
