import { z } from "zod";
import type { OperatorActor } from "../../audit/operator.ts";
import type { IdentityProviderId, NewId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import { Secret } from "../../keys/secret.ts";
import { changeTenant } from "../accounts/change-tenant.ts";
import type { ProviderFetch } from "./provider-fetch.ts";
import { sealClientSecret } from "./client-secret.ts";
import { groupRoles } from "./identity-provider.ts";
import { inspectProvider } from "./inspect-provider.ts";
import { invalidProvider } from "./invalid-provider.ts";
import { endpointNames, type ProviderMetadata } from "./provider-metadata.ts";
import { isRedirectUri } from "./redirect-uri.ts";

/** The provider as the operator registers it. */
const newProvider = z
  .object({
    name: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9-]{0,62}$/,
        "The name of a provider has 1 to 63 lower-case letters, digits and hyphens, and does not begin with a hyphen.",
      ),
    issuer: z.string().max(512, "The issuer has at most 512 characters."),
    clientId: z
      .string()
      .regex(/^[\x21-\x7e]{1,256}$/, "The client id has 1 to 256 visible characters."),
    clientSecret: z
      .instanceof(Secret<string>)
      .refine(
        (secret) => /^[\x20-\x7e]{1,1024}$/.test(secret.reveal()),
        "The client secret has 1 to 1024 visible characters.",
      ),
    redirectUris: z
      .array(
        z
          .string()
          .refine(
            isRedirectUri,
            "A redirect URI is an https URL, http://127.0.0.1/PATH, or a scheme of an app, without a query. Write it as a browser does, such as https://desk.example/ with the slash.",
          ),
      )
      .min(1, "A provider needs a redirect URI.")
      .max(16, "A provider has at most 16 redirect URIs."),
    scope: z
      .string()
      .regex(
        /^openid( [\x21\x23-\x5b\x5d-\x7e]{1,128}){0,16}$/,
        'The scope is "openid", and perhaps others with one space before each.',
      ),
    groupsClaim: z
      .string()
      .min(1, "The claim of the groups has a name.")
      .max(128, "The name of the claim is too long."),
    roles: groupRoles.max(100, "A provider has at most 100 groups with a role."),
    accounts: z.enum(["jit", "existing", "scim-only"]),
    subjectClaim: z.enum(["sub", "oid"]),
  })
  .refine(
    ({ accounts, roles }) => accounts === "existing" || roles.length > 0,
    "A provider that creates accounts needs a group with a role.",
  );

export type NewProvider = z.input<typeof newProvider>;

/**
 * Adds an identity provider to a tenant. It asks the provider for its metadata, and keeps that: endpoints
 * do not change without the operator.
 * @param deps.ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError invalid_identity_provider, tenant_not_found; KeysError kms_...
 */
export async function addProvider(
  deps: {
    readonly ownerUrl: string;
    readonly subjects: SubjectKeys;
    readonly newId: NewId;
    readonly fetch: ProviderFetch;
    readonly allowsHttp: boolean;
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
    readonly by?: OperatorActor | undefined;
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
           sealed_under, redirect_uris, scope, groups_claim, roles, accounts, subject_claim, metadata, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
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
          data.accounts,
          data.subjectClaim,
          JSON.stringify(metadata),
          nowMs,
        ],
      );
      const { name: provider, issuer, clientId, accounts, groupsClaim } = data;
      const { scope, redirectUris, roles, subjectClaim } = data;
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
