import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { authorised, type KeyAdministrator } from "../accounts/administrator.ts";
import type { UseCase } from "../audited.ts";
import {
  administeredProvider,
  type AdministeredProvider,
} from "../providers/administered-provider.ts";
import { listProviders } from "../providers/identity-provider.ts";

/**
 * Returns the identity providers of a tenant by name, for a program with an API key.
 * @param tenant.slug the tenant's short name
 * @throws IdentityError forbidden
 */
export function readProviders(
  { pool, now, publicUrl }: UseCase & { readonly publicUrl: string },
  by: KeyAdministrator,
  { tenant, slug }: { readonly tenant: TenantId; readonly slug: string },
): Promise<readonly AdministeredProvider[]> {
  return inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const providers = await listProviders(client);
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      ...who,
      action: "tenant.read_settings",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
    });
    return providers.map((provider) => administeredProvider({ publicUrl, slug }, provider));
  });
}
