import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/**
 * Sets the count of wrong codes of the authenticator app back, because the person has proved who they are in another
 * way.
 */
export async function unlockApp(client: Client, user: UserId): Promise<void> {
  await client.query("update totp_factors set wrong_codes = 0 where user_id = $1", [user]);
}
