import { NO_TENANT } from "../../audit/logs.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { findTenant } from "../accounts/tenant.ts";
import { listProviders } from "./identity-provider.ts";

/** What anybody may know of a provider: what a device needs to send a person there. */
export interface PublishedProvider {
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly authorizationEndpoint: string;
  readonly answersWithIssuer: boolean;
  readonly scope: string;
  readonly endSessionEndpoint: string | null;
}

/** Returns the providers of a tenant by name. For an unknown tenant it does the same work, and finds none. */
export async function publishedProviders(
  pool: Pool,
  slug: string,
): Promise<readonly PublishedProvider[]> {
  const tenant = await findTenant(pool, slug);
  const providers = await inTransaction(pool, tenant?.id ?? NO_TENANT, listProviders);
  return providers.map(({ name, issuer, clientId, scope, metadata }) => ({
    name,
    issuer,
    clientId,
    authorizationEndpoint: metadata.authorization_endpoint,
    answersWithIssuer: metadata.authorization_response_iss_parameter_supported === true,
    scope,
    endSessionEndpoint: metadata.end_session_endpoint ?? null,
  }));
}
