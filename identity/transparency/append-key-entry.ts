import { storeEntries } from "../../audit/store-entries.ts";
import type { Client } from "../../db/pool.ts";
import { encodeKeyEntry, type KeyEntry } from "../../crypto/wire/key-entry.ts";
import { keyLogOf } from "./key-log.ts";

/**
 * Logs a change of an account in the transaction that makes it, so both happen or neither. The
 * transaction must hold the lock on the user's row.
 * @throws AuditError audit_entry_not_stored
 */
export async function appendKeyEntry(
  client: Client,
  change: Omit<KeyEntry, "version">,
): Promise<void> {
  const { tenant, user } = change.record;
  const { rows } = await client.query<{ version: number }>(
    "select coalesce(max(version), 0) + 1 as version from key_entries where user_id = $1",
    [user],
  );
  const version = rows[0]?.version ?? 1;
  const [entry] = await storeEntries(client, keyLogOf(tenant), [
    encodeKeyEntry({ ...change, version }),
  ]);
  await client.query(
    "insert into key_entries (tenant, user_id, version, entry) values ($1, $2, $3, $4)",
    [tenant, user, version, entry],
  );
}
