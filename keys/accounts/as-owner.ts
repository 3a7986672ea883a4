import pg from "pg";
import { CONNECT_MS } from "../../db/connection-options.ts";
import { types, type Client } from "../../db/pool.ts";

/**
 * Runs `work` in one transaction on a connection of its own, as the owner of the database. Nothing of
 * it stays when `work` throws.
 */
export async function asOwner<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "sealdesk-operator",
    connectionTimeoutMillis: CONNECT_MS,
    types,
  });
  try {
    await client.connect();
    await client.query("begin");
    await client.query("set local role sealdesk_owner");
    const result = await work(client);
    await client.query("commit");
    return result;
  } finally {
    await client.end();
  }
}
