import type { Client } from "./pool.ts";
import { createSession } from "./session.ts";
import type { Fence } from "../crypto/wire/ids.ts";

/**
 * Runs `work` in one transaction on a connection of its own, as the owner of the database. The owner has
 * more rights than the application, and is confined to `fence` like the application. Nothing of it
 * stays when `work` throws.
 * @param fence empty for what concerns no tenant
 */
export async function asOwner<T>(
  url: string,
  fence: Fence,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = createSession(url, { name: "sealdesk-operator" });
  try {
    await client.connect();
    await client.query("begin isolation level read committed");
    await client.query("set local role sealdesk_owner");
    await client.query("set local search_path = sealdesk, pg_temp");
    await client.query("select set_config('sealdesk.tenant', $1, true)", [fence]);
    const result = await work(client);
    await client.query("commit");
    return result;
  } finally {
    await client.end();
  }
}
