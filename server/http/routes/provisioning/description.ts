import {
  provisioningParams,
  scimDescription,
  scimLimits,
  scimUrns,
} from "../../../../contract/provisioning.ts";
import { decideAdministration, scopeOf } from "../../../../policies/administration.ts";
import { IdentityError } from "../../../../identity/identity-error.ts";
import { route, type Route } from "../../route.ts";
import { BASE, baseOf, overScim, type ProvisioningRouteDeps } from "./provision.ts";

type Describe = (base: string) => Readonly<Record<string, unknown>>;

const config: Describe = (base) => ({
  schemas: [scimUrns.config],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: scimLimits.page },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    {
      type: "oauthbearertoken",
      name: "API key",
      description:
        "An API key with the scope scim:NAME, where NAME is the provider, as Authorization: Bearer",
    },
  ],
  meta: { resourceType: "ServiceProviderConfig", location: `${base}/ServiceProviderConfig` },
});

const all = (resources: readonly Readonly<Record<string, unknown>>[]) => ({
  schemas: [scimUrns.list],
  totalResults: resources.length,
  startIndex: 1,
  itemsPerPage: resources.length,
  Resources: resources,
});

const resourceTypes: Describe = (base) =>
  all(
    (["User", "Group"] as const).map((name) => ({
      schemas: [scimUrns.resourceType],
      id: name,
      name,
      endpoint: `/${name}s`,
      schema: name === "User" ? scimUrns.user : scimUrns.group,
      meta: { resourceType: "ResourceType", location: `${base}/ResourceTypes/${name}` },
    })),
  );

const attribute = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
  name,
  type: "string",
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: "readWrite",
  returned: "default",
  uniqueness: "none",
  ...more,
});

const schemas: Describe = (base) => {
  const described = (id: string, name: string, attributes: readonly object[]) => ({
    schemas: [scimUrns.schema],
    id,
    name,
    attributes,
    meta: { resourceType: "Schema", location: `${base}/Schemas/${id}` },
  });
  const externalId = attribute("externalId", { caseExact: true });
  return all([
    described(scimUrns.user, "User", [
      attribute("userName", { required: true, uniqueness: "server" }),
      attribute("displayName"),
      externalId,
      attribute("active", { type: "boolean" }),
    ]),
    described(scimUrns.group, "Group", [
      attribute("displayName", { required: true }),
      externalId,
      attribute("members", {
        type: "complex",
        multiValued: true,
        subAttributes: [attribute("value", { mutability: "immutable" })],
      }),
    ]),
  ]);
};

const descriptions: Readonly<Record<string, { readonly summary: string; readonly of: Describe }>> =
  {
    ServiceProviderConfig: { summary: "What of SCIM the server supports", of: config },
    ResourceTypes: { summary: "The resources that a provider writes", of: resourceTypes },
    Schemas: { summary: "The attributes that are kept", of: schemas },
  };

/** The routes that describe the server (RFC 7644 section 4). */
export const descriptionRoutes = ({ publicUrl, now }: ProvisioningRouteDeps): readonly Route[] =>
  Object.entries(descriptions).map(([name, { summary, of }]) =>
    route(
      {
        method: "get",
        path: `${BASE}/${name}`,
        summary,
        ...overScim,
        audits: { nothing: "It is the same for everyone" },
        params: provisioningParams,
        answers: { 200: { description: "The description", schema: scimDescription } },
        problems: ["forbidden"],
      },
      async ({ who, params }) => {
        const act = { action: "scim", provider: params.provider } as const;
        const { allowed, reasons } = decideAdministration(who, act, who.tenant, now());
        if (!allowed)
          throw new IdentityError("forbidden", `The API key needs the scope ${scopeOf(act)}.`, {
            reasons,
          });
        return { status: 200, body: of(baseOf(publicUrl, params)) };
      },
    ),
  );
