import type { IdentityProviderId, NewId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import type { Administrator } from "../accounts/administrator.ts";
import { changeTenant } from "../accounts/change-tenant.ts";
import { sealClientSecret } from "./client-secret.ts";
import { inspectProvider, type InspectionDeps } from "./inspect-provider.ts";
import { invalidProvider } from "./invalid-provider.ts";
import { newProvider, type NewProvider } from "./new-provider.ts";
import { endpointNames, type ProviderMetadata } from "./provider-metadata.ts";

/**
 * Adds an identity provider to a tenant. It asks the provider for its metadata, and keeps that: endpoints
 * do not change without the administrator.
 * @param deps.ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError invalid_identity_provider, tenant_not_found; those of `by.authorise`; KeysError kms_...
 */
export async function addProvider(
  deps: InspectionDeps & {
    readonly ownerUrl: string;
    readonly subjects: SubjectKeys;
    readonly newId: NewId;
  },
  {
    tenant,
    slug,
    nowMs,
    by,
  }: {
    readonly tenant: TenantId;
    /** The tenant's short name. */
    readonly slug: string;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
  given: NewProvider,
): Promise<void> {
  const parsed = newProvider.safeParse(given);
  if (!parsed.success)
    throw invalidProvider(parsed.error.issues[0]?.message ?? "The provider is not valid.");
  const { data } = parsed;
  const { findings, metadata } = await inspectProvider(deps, data);
  const wrong = findings.find(({ verdict }) => verdict === "wrong");
  if (wrong !== undefined || metadata === undefined)
    throw invalidProvider(wrong?.sentence ?? "The provider published no metadata.");
  const place = { tenant, id: deps.newId<IdentityProviderId>(), sealedUnder: deps.newId<UserId>() };
  const sealed = await sealClientSecret(deps.subjects, place, data.clientSecret);
  await changeTenant(
    deps.ownerUrl,
    { slug, action: "tenant.add_identity_provider", nowMs, by },
    async (client) => {
      await client.query(
        `insert into sealdesk.identity_providers (tenant, id, name, issuer, client_id, client_secret,
           sealed_under, redirect_uris, scope, groups_claim, roles, teams, accounts, subject_claim, metadata, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
        [
          tenant,
          place.id,
          data.name,
          data.issuer,
          data.clientId,
          sealed,
          place.sealedUnder,
          data.redirectUris,
          data.scope,
          data.groupsClaim,
          JSON.stringify(data.roles),
          JSON.stringify(data.teams),
          data.accounts,
          data.subjectClaim,
          JSON.stringify(metadata),
          nowMs,
        ],
      );
      const { name: provider, issuer, clientId, accounts, groupsClaim } = data;
      const { scope, redirectUris, roles, teams, subjectClaim } = data;
      return {
        provider,
        issuer,
        clientId,
        accounts,
        scope,
        groupsClaim,
        subjectClaim,
        redirectUris,
        endpoints: endpointsOf(metadata),
        answersWithIssuer: metadata.authorization_response_iss_parameter_supported === true,
        roles: roles.map((each) => ({ ...each })),
        teams: teams.map((each) => ({ ...each })),
      };
    },
  ).catch((cause: unknown) => {
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw invalidProvider("The tenant has a provider of that name. Remove it first.", cause);
  });
}

const endpointsOf = (metadata: ProviderMetadata) =>
  endpointNames.flatMap((name) => {
    const url = metadata[name];
    return url === undefined ? [] : [{ name, url }];
  });
