import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { asOwner } from "../../db/as-owner.ts";
import type { ServerKeyRow } from "./server-key.ts";

/** Any number works, if every node uses the same one. */
const CHANGE_LOCK = 7_325_372_013;

/** Returns every version that ever existed, latest first. */
export async function readServerKeys(client: Pick<Client, "query">): Promise<ServerKeyRow[]> {
  const { rows } = await client.query<ServerKeyRow>(
    `select name, version, provider, wrapping_version as "wrappingVersion", wrapped,
       created_at_ms as "createdAtMs", retired_at_ms as "retiredAtMs",
       serves_until_ms as "servesUntilMs", destroyed_at_ms as "destroyedAtMs"
     from server_keys order by name, version desc`,
  );
  return rows;
}

export async function insertServerKey(
  client: Client,
  row: Pick<
    ServerKeyRow,
    "name" | "version" | "provider" | "wrappingVersion" | "wrapped" | "createdAtMs"
  >,
): Promise<void> {
  await client.query(
    `insert into server_keys (name, version, provider, wrapping_version, wrapped, created_at_ms)
     values ($1, $2, $3, $4, $5, $6)`,
    [row.name, row.version, row.provider, row.wrappingVersion, row.wrapped, row.createdAtMs],
  );
}

/** Runs `changingServerKeys` as the owner of the database, who may replace and retire keys. */
export const changingServerKeysAsOwner = <T>(
  ownerUrl: string,
  work: (client: Client) => Promise<T>,
): Promise<T> =>
  asOwner(ownerUrl, "", async (client) => {
    await client.query("select pg_advisory_xact_lock($1)", [CHANGE_LOCK]);
    return work(client);
  });

/** Runs `work` in a transaction without a tenant, while no other process changes server keys. */
export async function changingServerKeys<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, "", async (client) => {
    await client.query("select pg_advisory_xact_lock($1)", [CHANGE_LOCK]);
    return work(client);
  });
}
