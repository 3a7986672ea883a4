import type { JSONWebKeySet } from "jose";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Pool } from "../../db/pool.ts";
import { appendEntry } from "../../audit/append-entry.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { KeysError } from "../keys-error.ts";
import { asOwner } from "./as-owner.ts";

export interface NewTenant {
  readonly id: Uuid;
  readonly slug: string;
  readonly name: string;
  readonly customerKeys: JSONWebKeySet;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/**
 * Creates a tenant. The application role may not, so it connects as the owner of the database.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws KeysError tenant_exists
 */
export async function createTenant(ownerUrl: string, pool: Pool, tenant: NewTenant): Promise<void> {
  await asOwner(ownerUrl, async (client) => {
    await client.query(
      `insert into sealdesk.tenants (id, slug, name, customer_keys, created_at_ms)
       values ($1, $2, $3, $4, $5)`,
      [tenant.id, tenant.slug, tenant.name, JSON.stringify(tenant.customerKeys), tenant.now],
    );
  }).catch((cause: unknown) => {
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw new KeysError("tenant_exists", "There is a tenant of that slug already.", { cause });
  });
  await inTransaction(pool, tenant.id, (client) =>
    appendEntry(client, {
      occurredAtMs: tenant.now,
      tenant: tenant.id,
      actor: { kind: "system", id: "operator" },
      action: "tenant.create",
      class: "C",
      resource: { type: "tenant", id: tenant.id },
      outcome: "success",
    }),
  );
}
