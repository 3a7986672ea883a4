import type { Client } from "../../db/pool.ts";
import type { UserId } from "../../crypto/wire/ids.ts";

/**
 * Returns whether both users are currently members of the same conversation. The transaction
 * determines the tenant.
 */
export async function sharesConversation(
  client: Client,
  one: UserId,
  other: UserId,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from members a join members b using (conversation)
     where a.user_id = $1 and b.user_id = $2 and a.until_seq is null and b.until_seq is null
       and sealdesk.is_current(a.break_glass) and sealdesk.is_current(b.break_glass)
     limit 1`,
    [one, other],
  );
  return rowCount === 1;
}
