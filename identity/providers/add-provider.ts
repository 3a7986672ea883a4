import type { IdentityProviderId, NewId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import type { Administrator } from "../accounts/administrator.ts";
import { changeTenant } from "../accounts/change-tenant.ts";
import { IdentityError } from "../identity-error.ts";
import { sealClientSecret } from "./client-secret.ts";
import { inspectProvider, type InspectionDeps } from "./inspect-provider.ts";
import { invalidProvider } from "./invalid-provider.ts";
import { newProvider, type NewProvider } from "./new-provider.ts";
import { endpointNames, type ProviderMetadata } from "./provider-metadata.ts";

/** The largest number of providers of a tenant. */
const MOST_PROVIDERS = 32;

/**
 * Adds an identity provider to a tenant. It asks the provider for its metadata, and keeps that: endpoints
 * do not change without the administrator. The key of the client secret is made last, so that a refusal leaves none.
 * @param deps.ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError invalid_identity_provider, too_many_identity_providers, tenant_not_found; those of `by.authorise`; KeysError kms_...
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
  await changeTenant(
    deps.ownerUrl,
    { slug, action: "tenant.add_identity_provider", nowMs, by },
    async (client) => {
      await assertRoom(client, data.name);
      const sealed = await sealClientSecret(deps.subjects, place, data.clientSecret);
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
  );
}

/** The transaction holds the tenant's row, so no other provider is added meanwhile. */
async function assertRoom(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select name from sealdesk.identity_providers",
  );
  if (rows.some((each) => each.name === name))
    throw invalidProvider("The tenant has a provider of that name. Remove it first.");
  if (rows.length >= MOST_PROVIDERS)
    throw new IdentityError(
      "too_many_identity_providers",
      `A tenant has at most ${MOST_PROVIDERS} identity providers. Remove one first.`,
    );
}

const endpointsOf = (metadata: ProviderMetadata) =>
  endpointNames.flatMap((name) => {
    const url = metadata[name];
    return url === undefined ? [] : [{ name, url }];
  });
