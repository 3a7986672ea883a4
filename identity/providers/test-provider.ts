import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import { authorised, type Administrator } from "../accounts/administrator.ts";
import { openClientSecret } from "./client-secret.ts";
import { findProvider } from "./identity-provider.ts";
import { inspectProvider, type InspectionDeps, type ProviderFinding } from "./inspect-provider.ts";
import { noSuchProvider } from "./invalid-provider.ts";

/**
 * Compares a provider's settings with the real provider. It changes nothing and signs nobody in. The audit entry says
 * that requests were sent.
 * @throws IdentityError identity_provider_not_found, key_missing; those of `by.authorise`; KeysError kms_...
 */
export async function testProvider(
  deps: InspectionDeps & {
    readonly pool: Pool;
    readonly subjects: SubjectKeys;
    /** Milliseconds since the Unix epoch. */
    readonly now: () => number;
  },
  {
    tenant,
    name,
    by,
  }: {
    readonly tenant: TenantId;
    readonly name: string;
    readonly by?: Administrator | undefined;
  },
): Promise<readonly ProviderFinding[]> {
  const provider = await inTransaction(deps.pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const found = await findProvider(client, name);
    if (found === undefined) throw noSuchProvider(name);
    await appendEntry(client, {
      occurredAtMs: deps.now(),
      tenant,
      ...who,
      action: "tenant.test_identity_provider",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
      details: { provider: name },
    });
    return found;
  });
  const clientSecret = await openClientSecret(deps.subjects, provider);
  const known = provider.metadata;
  const { findings } = await inspectProvider(deps, { ...provider, clientSecret, known });
  return findings;
}
