import type { JSONWebKeySet } from "jose";
import type { Client, Pool } from "../../db/pool.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";

export interface Tenant {
  readonly id: TenantId;
  readonly slug: string;
  readonly name: string;
  /** The public keys (RFC 7517) that sign this tenant's customer tokens. */
  readonly customerKeys: JSONWebKeySet;
  /** The URL of a JWK Set with further such keys. */
  readonly customerJwksUrl: string | null;
  /** The names of keys that are refused, wherever they come from. */
  readonly revokedCustomerKids: readonly string[];
  /** Origins of web pages that may use the server for this tenant, beside the server's own. */
  readonly origins: readonly string[];
  /**
   * The time of the suspension, in milliseconds since the Unix epoch; null while the tenant is
   * served.
   */
  readonly suspendedAtMs: number | null;
  /** Whether customers may sign in without a customer token. */
  readonly anonymousCustomers: boolean;
}

const COLUMNS = `id, slug, name, customer_keys as "customerKeys",
  customer_jwks_url as "customerJwksUrl", revoked_customer_kids as "revokedCustomerKids", origins,
  suspended_at_ms as "suspendedAtMs", anonymous_customers as "anonymousCustomers"`;

/**
 * Returns the tenant with this slug, or undefined. It needs no tenant fence, because it finds the
 * tenant.
 */
export async function findTenant(pool: Pool, slug: string): Promise<Tenant | undefined> {
  const { rows } = await pool.query<Tenant>(`select ${COLUMNS} from tenants where slug = $1`, [
    slug,
  ]);
  return rows[0];
}

/**
 * Like `findTenant`, and locks the tenant's row until the transaction ends. Transactions that insert rows of the tenant
 * go on meanwhile. They hold the API key that acts, so one that removes the key would otherwise deadlock with them.
 */
export async function lockTenant(client: Client, slug: string): Promise<Tenant | undefined> {
  const { rows } = await client.query<Tenant>(
    `select ${COLUMNS} from tenants where slug = $1 for no key update`,
    [slug],
  );
  return rows[0];
}
