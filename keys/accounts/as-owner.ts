import pg from "pg";

/** Runs `work` on a connection of its own, as the owner of the database. */
export async function asOwner(
  url: string,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: "sealdesk-operator" });
  try {
    await client.connect();
    await client.query("set role sealdesk_owner");
    await work(client);
  } finally {
    await client.end();
  }
}
