import type { JSONWebKeySet } from "jose";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { IdentityError } from "../identity-error.ts";
import { asOwner } from "../../db/as-owner.ts";
import { authorised, type Administrator } from "./administrator.ts";
import { nameKeys } from "./customer-keys.ts";
import { assertCount, parseOrigin } from "./origins.ts";

export interface NewTenant {
  readonly id: TenantId;
  readonly slug: string;
  readonly name: string;
  readonly customerKeys: JSONWebKeySet;
  /** The URL of a JWK Set with further customer keys, as `parseJwksUrl` returns it. */
  readonly customerJwksUrl?: string | undefined;
  /** Origins of web pages that may use the server for this tenant. */
  readonly origins?: readonly string[] | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly by?: Administrator | undefined;
}

/**
 * Creates a tenant, with its audit entry in the same transaction. The application role may not do this,
 * so it connects as the owner of the database.
 * @param ownerUrl a login that may act as sealdesk_owner.
 * @throws IdentityError tenant_exists, invalid_origin; those of `tenant.by.authorise`
 */
export async function createTenant(ownerUrl: string, tenant: NewTenant): Promise<void> {
  const names = await nameKeys(tenant.customerKeys);
  const origins = assertCount([...new Set(tenant.origins?.map(parseOrigin))]);
  await asOwner(ownerUrl, tenant.id, async (client) => {
    const who = await authorised(client, tenant.by);
    await client.query(
      `insert into sealdesk.tenants (id, slug, name, customer_keys, origins, created_at_ms, customer_jwks_url)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        tenant.id,
        tenant.slug,
        tenant.name,
        JSON.stringify(tenant.customerKeys),
        origins,
        tenant.nowMs,
        tenant.customerJwksUrl ?? null,
      ],
    );
    await appendEntry(client, {
      occurredAtMs: tenant.nowMs,
      tenant: tenant.id,
      ...who,
      action: "tenant.create",
      resource: { type: "tenant", id: tenant.id },
      outcome: "success",
      details: {
        keys: names.map((name) => ({ ...name })),
        origins: [...origins],
        jwksUrl: tenant.customerJwksUrl,
      },
    });
  }).catch((cause: unknown) => {
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw new IdentityError("tenant_exists", "There is a tenant of that slug already.", { cause });
  });
}
