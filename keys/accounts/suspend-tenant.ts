import { appendEntry } from "../../audit/append-entry.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { KeysError } from "../keys-error.ts";
import { asOwner } from "./as-owner.ts";
import { findTenant } from "./tenant.ts";

/**
 * Suspends a tenant, or lifts the suspension. While a tenant is suspended, nobody in it can sign in
 * or is served. Running servers close its sockets within about a second. Repeating it changes
 * nothing but is audited. The application role may not do this, so it connects as the owner of the
 * database.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws KeysError tenant_not_found
 */
export async function suspendTenant(
  ownerUrl: string,
  pool: Pool,
  change: { readonly slug: string; readonly suspended: boolean; readonly now: number },
): Promise<void> {
  const { slug, suspended, now } = change;
  const tenant = await findTenant(pool, slug);
  if (tenant === undefined)
    throw new KeysError("tenant_not_found", "There is no tenant of that slug.");
  await asOwner(ownerUrl, (client) =>
    client.query(
      suspended
        ? `update sealdesk.tenants set suspended_at_ms = $2 where id = $1 and suspended_at_ms is null`
        : `update sealdesk.tenants set suspended_at_ms = null where id = $1 and $2::bigint is not null`,
      [tenant.id, now],
    ),
  );
  await inTransaction(pool, tenant.id, (client) =>
    appendEntry(client, {
      occurredAtMs: now,
      tenant: tenant.id,
      actor: { kind: "system", id: "operator" },
      action: suspended ? "tenant.suspend" : "tenant.resume",
      class: "U",
      resource: { type: "tenant", id: tenant.id },
      outcome: "success",
    }),
  );
}
