import {
  administeredProviderParams,
  administeredProviders,
  identityLink,
  newIdentityProvider,
  providerFindings,
} from "../../../../contract/administered-providers.ts";
import {
  endedSessions,
  onceHeaders,
  tenantParams,
  tenantUserParams,
} from "../../../../contract/administration.ts";
import type { AuditAction } from "../../../../audit/actions.ts";
import type { NewId } from "../../../../crypto/wire/ids.ts";
import type { Profiles } from "../../../../identity/accounts/profiles.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import type { ApiKeyHolder } from "../../../../identity/administration/authenticate-api-key.ts";
import { readProviders } from "../../../../identity/administration/read-providers.ts";
import { addProvider } from "../../../../identity/providers/add-provider.ts";
import type { InspectionDeps } from "../../../../identity/providers/inspect-provider.ts";
import { linkIdentity } from "../../../../identity/providers/link-identity.ts";
import { providerDefaults } from "../../../../identity/providers/new-provider.ts";
import { createProviderFetch } from "../../../../identity/providers/provider-fetch.ts";
import { removeProvider } from "../../../../identity/providers/remove-provider.ts";
import { testProvider } from "../../../../identity/providers/test-provider.ts";
import type { DestroyDeps } from "../../../../keys/at-rest/destroy.ts";
import type { SubjectKeys } from "../../../../keys/at-rest/subject-keys.ts";
import type { OutgoingReach } from "../../../../keys/environment/outgoing-reach.ts";
import { Secret } from "../../../../keys/secret.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface ProvidersDeps extends KeyActDeps {
  readonly ownerUrl: string;
  readonly publicUrl: string;
  readonly newId: NewId;
  readonly subjects: SubjectKeys;
  readonly profiles: Profiles;
  readonly blindIndexKeys: Parameters<typeof linkIdentity>[0]["blindIndexKeys"];
  readonly outgoing: OutgoingReach;
  /** Destroys the key of a client secret. */
  readonly destroying: DestroyDeps;
}

/** The routes of the identity providers with which staff sign in. */
export const identityProviderRoutes = (deps: ProvidersDeps): readonly Route[] => [
  readProvidersRoute(deps),
  addProviderRoute(deps),
  removeProviderRoute(deps),
  testProviderRoute(deps),
  linkIdentityRoute(deps),
];

const actOn = <A extends AuditAction>({ tenant }: ApiKeyHolder, audit: A) => ({
  action: "change_identity_providers" as const,
  audit,
  resource: { type: "tenant" as const, id: tenant },
});

/** A program learns nothing of the server's network. */
const inspectionBy = ({ outgoing }: ProvidersDeps): InspectionDeps => ({
  fetch: createProviderFetch(outgoing),
  allowsHttp: outgoing.allowsLocalHttp,
  tellsNetwork: false,
});

/** GET /v1/admin/{tenant}/identity-providers */
const readProvidersRoute = (deps: ProvidersDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/admin/{tenant}/identity-providers",
      summary: "Read the settings of the identity providers of staff",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.read_settings"],
      params: tenantParams,
      answers: { 200: { description: "The providers, by name", schema: administeredProviders } },
      problems: ["forbidden", "overloaded"],
    },
    (call) => {
      const { tenant } = call.who;
      const resource = { type: "tenant", id: tenant } as const;
      const act = { action: "read_settings", audit: "tenant.read_settings", resource } as const;
      return administer(deps, call, act, async (by) => ({
        status: 200,
        body: { providers: await readProviders(deps, by, call.who) },
      }));
    },
  );

/** POST /v1/admin/{tenant}/identity-providers */
const addProviderRoute = (deps: ProvidersDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/identity-providers",
      summary: "Add an identity provider of staff, after asking the provider itself",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.add_identity_provider"],
      params: tenantParams,
      headers: onceHeaders,
      body: newIdentityProvider,
      bodyLimit: bodyLimits.provisioning,
      answers: { 204: { description: "Staff can sign in with the provider" } },
      problems: [...changeProblems, "invalid_identity_provider", "too_many_identity_providers"],
    },
    (call) =>
      administer(deps, call, actOn(call.who, "tenant.add_identity_provider"), async (by) => {
        const { tenant, slug } = call.who;
        const { clientSecret, ...given } = call.body;
        await addProvider(
          { ...deps, ...inspectionBy(deps) },
          { tenant, slug, nowMs: deps.now(), by },
          {
            ...given,
            clientSecret: new Secret(clientSecret),
            scope: given.scope ?? providerDefaults.scope,
            groupsClaim: given.groupsClaim ?? providerDefaults.groupsClaim,
            accounts: given.accounts ?? providerDefaults.accounts,
            subjectClaim: given.subjectClaim ?? providerDefaults.subjectClaim,
          },
        );
        return { status: 204 };
      }),
  );

/** DELETE /v1/admin/{tenant}/identity-providers/{provider} */
const removeProviderRoute = (deps: ProvidersDeps): Route =>
  route(
    {
      method: "delete",
      path: "/v1/admin/{tenant}/identity-providers/{provider}",
      summary: "Remove an identity provider, and end the sessions that were opened with it",
      tag: "Administration",
      access: "api-key",
      audits: ["keys.destroy", "tenant.remove_identity_provider"],
      params: administeredProviderParams,
      headers: onceHeaders,
      answers: { 200: { description: "The accounts stay", schema: endedSessions } },
      problems: [...changeProblems, "identity_provider_not_found"],
    },
    (call) =>
      administer(deps, call, actOn(call.who, "tenant.remove_identity_provider"), async (by) => {
        const removal = {
          slug: call.who.slug,
          name: call.params.provider,
          nowMs: deps.now(),
          by,
        };
        const { destroying, ownerUrl } = deps;
        return {
          status: 200,
          body: { sessionsEnded: await removeProvider({ ...destroying, ownerUrl }, removal) },
        };
      }),
  );

/** POST /v1/admin/{tenant}/identity-providers/{provider}/test */
const testProviderRoute = (deps: ProvidersDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/identity-providers/{provider}/test",
      summary: "Compare the settings of an identity provider with the real one",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.test_identity_provider"],
      params: administeredProviderParams,
      answers: { 200: { description: "What was found", schema: providerFindings } },
      problems: ["forbidden", "overloaded", "identity_provider_not_found"],
    },
    (call) =>
      administer(deps, call, actOn(call.who, "tenant.test_identity_provider"), async (by) => {
        const asked = { tenant: call.who.tenant, name: call.params.provider, by };
        const findings = await testProvider({ ...deps, ...inspectionBy(deps) }, asked);
        return { status: 200, body: { findings } };
      }),
  );

/** PUT /v1/admin/{tenant}/staff/{user}/identity */
const linkIdentityRoute = (deps: ProvidersDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/staff/{user}/identity",
      summary: "Let a person of an identity provider sign in to an account of staff that exists",
      tag: "Administration",
      access: "api-key",
      audits: ["user.link_identity"],
      params: tenantUserParams,
      headers: onceHeaders,
      body: identityLink,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "An earlier link has ended", schema: endedSessions } },
      problems: [
        ...changeProblems,
        "invalid_identity_provider",
        "identity_provider_not_found",
        "user_not_found",
        "approval_required",
      ],
    },
    (call) => {
      const { user } = call.params;
      const act = {
        action: "link_identity",
        audit: "user.link_identity",
        resource: { type: "user", id: user },
        subject: user,
      } as const;
      return administer(deps, call, act, async (by) => {
        const { tenant } = call.who;
        const link = { tenant, ...call.body, account: { user }, nowMs: deps.now(), by };
        return { status: 200, body: { sessionsEnded: await linkIdentity(deps, link) } };
      });
    },
  );
