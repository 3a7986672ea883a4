import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/** Returns how many sessions and devices an account has had. */
export async function countAccount(
  client: Client,
  subject: UserId,
): Promise<{ readonly sessions: number; readonly devices: number }> {
  const { rows } = await client.query<{ sessions: number; devices: number }>(
    `select (select count(*) from sessions where user_id = $1)::integer as sessions,
       (select count(*) from devices where user_id = $1)::integer as devices`,
    [subject],
  );
  return rows[0] ?? { sessions: 0, devices: 0 };
}
