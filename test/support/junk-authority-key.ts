import { storeEntries } from "../../audit/store-entries.ts";
import { encodeAuthorityEntry } from "../../crypto/wire/authority-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { readLoggedAuthority } from "../../identity/authority/authority-entries.ts";
import { keyLogOf } from "../../identity/transparency/key-log.ts";

/** Puts an entry about the authority into the key log that nobody signed, as whoever controls the database can. */
export const junkAuthorityEntry = (
  pool: Pool,
  tenant: TenantId,
  change: "added" | "retired",
  authorityKey: Uint8Array,
): Promise<void> =>
  inTransaction(pool, tenant, async (client) => {
    const { entries } = await readLoggedAuthority(client);
    const version = entries + 1;
    const entry = encodeAuthorityEntry({
      change,
      tenant,
      version,
      authorityKey,
      atMs: 0,
      handover: undefined,
    });
    const [id] = await storeEntries(client, keyLogOf(tenant), [entry]);
    await client.query(
      `insert into authority_entries (tenant, version, change, public_key, entry)
       values ($1, $2, $3, $4, $5)`,
      [tenant, version, change, authorityKey, id],
    );
  });
