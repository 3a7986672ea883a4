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
    readonly publicUrl: string;
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
  const { provider, origins } = await inTransaction(deps.pool, tenant, async (client) => {
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
    const { rows } = await client.query<{ origins: readonly string[] }>(
      "select origins from tenants where id = $1",
      [tenant],
    );
    return { provider: found, origins: rows[0]?.origins ?? [] };
  });
  const clientSecret = await openClientSecret(deps.subjects, provider);
  const known = provider.metadata;
  const { findings } = await inspectProvider(deps, { ...provider, clientSecret, known });
  const allowed = [new URL(deps.publicUrl).origin, ...origins];
  return [...findings, ...inspectPages(provider.redirectUris, allowed)];
}

/** Returns a note for each origin of a redirect URI whose pages may not use the server. */
const inspectPages = (
  redirectUris: readonly string[],
  allowed: readonly string[],
): readonly ProviderFinding[] => {
  const pages = redirectUris.filter((uri) => uri.startsWith("https:"));
  const origins = new Set(pages.map((uri) => new URL(uri).origin));
  const refused = [...origins].filter((origin) => !allowed.includes(origin));
  return refused.map((origin) => ({
    part: "redirect",
    verdict: "note",
    sentence: `The tenant does not allow the origin ${origin}, so a page there signs nobody in. Allow it with \`sealdesk tenant origins add\`.`,
  }));
};
