import type { JSONWebKeySet } from "jose";
import type { Pool } from "../../db/pool.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";

export interface Tenant {
  readonly id: TenantId;
  readonly slug: string;
  readonly name: string;
  /** The public keys (RFC 7517) that sign this tenant's customer tokens. */
  readonly customerKeys: JSONWebKeySet;
  /** Origins of web pages that may use the server for this tenant, beside the server's own. */
  readonly origins: readonly string[];
  /**
   * The time of the suspension, in milliseconds since the Unix epoch; null while the tenant is
   * served.
   */
  readonly suspendedAtMs: number | null;
}

/**
 * Returns the tenant with this slug, or undefined. It needs no tenant fence, because it finds the
 * tenant.
 */
export async function findTenant(pool: Pool, slug: string): Promise<Tenant | undefined> {
  const { rows } = await pool.query<Tenant>(
    `select id, slug, name, customer_keys as "customerKeys", origins, suspended_at_ms as "suspendedAtMs"
     from tenants where slug = $1`,
    [slug],
  );
  return rows[0];
}
