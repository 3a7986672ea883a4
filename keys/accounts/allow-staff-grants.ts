import { appendEntry } from "../../audit/append-entry.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { KeysError } from "../keys-error.ts";
import { asOwner } from "./as-owner.ts";
import { findTenant } from "./tenant.ts";

/**
 * Decides whether a tenant's staff may share a conversation's past with colleagues, with the
 * customer's consent. The application role may not change this, so it connects as the owner of the
 * database.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws KeysError tenant_not_found
 */
export async function allowStaffGrants(
  ownerUrl: string,
  pool: Pool,
  change: { readonly slug: string; readonly allowed: boolean; readonly now: number },
): Promise<void> {
  const { slug, allowed, now } = change;
  const tenant = await findTenant(pool, slug);
  if (tenant === undefined)
    throw new KeysError("tenant_not_found", "There is no tenant of that slug.");
  await asOwner(ownerUrl, (client) =>
    client.query("update sealdesk.tenants set staff_history_grants = $2 where id = $1", [
      tenant.id,
      allowed,
    ]),
  );
  await inTransaction(pool, tenant.id, (client) =>
    appendEntry(client, {
      occurredAtMs: now,
      tenant: tenant.id,
      actor: { kind: "system", id: "operator" },
      action: allowed ? "tenant.allow_staff_grants" : "tenant.forbid_staff_grants",
      class: "U",
      resource: { type: "tenant", id: tenant.id },
      outcome: "success",
    }),
  );
}
