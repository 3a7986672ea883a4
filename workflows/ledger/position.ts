import type { Queryable } from "../../db/client.ts";
import type { LedgerPosition } from "./entry.ts";

/** The database and the keystore each know up to which entry the ledger was carried out in them. */
export type Schema = "sealdesk" | "keystore";

/**
 * Returns the last entry that was carried out; undefined if none was.
 * @param lock keeps others from carrying out entries until the transaction ends
 */
export async function readPosition(
  client: Queryable,
  schema: Schema,
  lock: "lock" | "no lock" = "no lock",
): Promise<LedgerPosition | undefined> {
  const { rows } = await client.query<LedgerPosition>(
    `select number, hash from ${schema}.ledger_position${lock === "lock" ? " for update" : ""}`,
  );
  return rows[0];
}

/** Records that every entry up to this one was carried out. A later position stays. */
export async function advancePosition(
  client: Queryable,
  schema: Schema,
  { number, hash }: LedgerPosition,
): Promise<void> {
  await client.query(
    `insert into ${schema}.ledger_position as known (number, hash) values ($1, $2)
     on conflict (only_row) do update set number = excluded.number, hash = excluded.hash
     where known.number < excluded.number`,
    [number, hash],
  );
}
