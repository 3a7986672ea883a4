import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { kekOf, type KeystoreDeps } from "./keystore-deps.ts";

/**
 * Creates the tenant's key-encryption key if it never had one. A key that was destroyed in the
 * key-management service is not created again, because that would hide the loss of everything that
 * it wrapped.
 * @throws KeysError kms_...
 */
export async function ensureKek(
  { pool, kms }: Pick<KeystoreDeps, "pool" | "kms">,
  tenant: TenantId,
): Promise<void> {
  const { rowCount } = await inTransaction(pool, tenant, (client) =>
    client.query("select from keks where tenant = $1", [tenant]),
  );
  if (rowCount === 0) await kms.ensureKey(kekOf(tenant), "wrapping");
}
