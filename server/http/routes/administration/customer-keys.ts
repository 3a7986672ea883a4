import {
  customerKeyNames,
  customerKeySet,
  jwksUrlChange,
  onceHeaders,
  revokedKeys,
  tenantKeyParams,
  tenantParams,
} from "../../../../contract/administration.ts";
import type { AuditAction } from "../../../../audit/actions.ts";
import {
  changeCustomerKeys,
  type CustomerKeysChange,
} from "../../../../identity/accounts/change-customer-keys.ts";
import { changeJwksUrl } from "../../../../identity/accounts/change-jwks-url.ts";
import { assertUsable, parseCustomerKeys } from "../../../../identity/accounts/customer-keys.ts";
import {
  revokeCustomerKey,
  unrevokeCustomerKey,
} from "../../../../identity/accounts/revoke-customer-key.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import type { ApiKeyHolder } from "../../../../identity/administration/authenticate-api-key.ts";
import { fetchKeySet } from "../../../../identity/tokens/customer-keys/fetch-key-set.ts";
import { fetchInTurn } from "../../../../identity/tokens/customer-keys/fetch-turns.ts";
import type { OutgoingReach } from "../../../../keys/environment/outgoing-reach.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface KeysDeps extends KeyActDeps {
  readonly ownerUrl: string;
}

/** What every route of this file has, but for its audit action. */
const actOn = <A extends AuditAction>({ tenant }: ApiKeyHolder, audit: A) => ({
  action: "change_customer_keys" as const,
  audit,
  resource: { type: "tenant" as const, id: tenant },
});

async function change(
  { ownerUrl, now }: KeysDeps,
  { slug }: ApiKeyHolder,
  wanted: CustomerKeysChange,
  by: Parameters<typeof changeCustomerKeys>[1]["by"],
) {
  const customerKeys = await changeCustomerKeys(ownerUrl, {
    slug,
    change: wanted,
    nowMs: now(),
    by,
  });
  return { status: 200, body: { customerKeys } };
}

/** POST /v1/admin/{tenant}/customer-keys adds keys, and PUT replaces them all. */
export const giveCustomerKeysRoutes = (deps: KeysDeps): readonly Route[] =>
  (
    [
      ["post", "add", "Add keys that sign customer tokens", "tenant.add_customer_keys"],
      ["put", "set", "Replace the keys that sign customer tokens", "tenant.set_customer_keys"],
    ] as const
  ).map(([method, kind, summary, audit]) =>
    route(
      {
        method,
        path: "/v1/admin/{tenant}/customer-keys",
        summary,
        tag: "Administration",
        access: "api-key",
        audits: [audit],
        params: tenantParams,
        headers: onceHeaders,
        body: customerKeySet,
        bodyLimit: bodyLimits.small,
        answers: { 200: { description: "The keys that count now", schema: customerKeyNames } },
        problems: [...changeProblems, "invalid_customer_keys", "customer_key_exists"],
      },
      (call) =>
        administer(deps, call, actOn(call.who, audit), (by) =>
          change(deps, call.who, { kind, keys: parseCustomerKeys(call.body) }, by),
        ),
    ),
  );

/** DELETE /v1/admin/{tenant}/customer-keys/{kid} */
export function removeCustomerKeyRoute(deps: KeysDeps): Route {
  return route(
    {
      method: "delete",
      path: "/v1/admin/{tenant}/customer-keys/{kid}",
      summary: "Remove a key that signs customer tokens",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.remove_customer_key"],
      params: tenantKeyParams,
      headers: onceHeaders,
      answers: { 200: { description: "The keys that count now", schema: customerKeyNames } },
      problems: [...changeProblems, "customer_key_not_found"],
    },
    (call) =>
      administer(deps, call, actOn(call.who, "tenant.remove_customer_key"), (by) =>
        change(deps, call.who, { kind: "remove", kid: call.params.kid }, by),
      ),
  );
}

/** POST /v1/admin/{tenant}/customer-keys/{kid}/revocation */
export function revokeCustomerKeyRoute(deps: KeysDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/customer-keys/{kid}/revocation",
      summary: "Refuse a key, also of the key set at a URL",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.revoke_customer_key"],
      params: tenantKeyParams,
      headers: onceHeaders,
      answers: { 200: { description: "The keys that are refused now", schema: revokedKeys } },
      problems: [...changeProblems, "invalid_customer_keys"],
    },
    (call) =>
      administer(deps, call, actOn(call.who, "tenant.revoke_customer_key"), async (by) => {
        const { slug } = call.who;
        const revokedCustomerKids = await revokeCustomerKey(deps.ownerUrl, {
          slug,
          kid: call.params.kid,
          nowMs: deps.now(),
          by,
        });
        return { status: 200, body: { revokedCustomerKids } };
      }),
  );
}

/** DELETE /v1/admin/{tenant}/customer-keys/{kid}/revocation */
export function unrevokeCustomerKeyRoute(deps: KeysDeps): Route {
  return route(
    {
      method: "delete",
      path: "/v1/admin/{tenant}/customer-keys/{kid}/revocation",
      summary: "End the revocation of a key",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.unrevoke_customer_key"],
      params: tenantKeyParams,
      headers: onceHeaders,
      answers: { 200: { description: "The keys that are still refused", schema: revokedKeys } },
      problems: [...changeProblems, "customer_key_not_found"],
    },
    (call) => {
      const { slug, tenant } = call.who;
      const act = {
        action: "unrevoke_customer_keys",
        audit: "tenant.unrevoke_customer_key",
        resource: { type: "tenant", id: tenant },
      } as const;
      return administer(deps, call, act, async (by) => {
        const revocation = { slug, kid: call.params.kid, nowMs: deps.now(), by };
        const revokedCustomerKids = await unrevokeCustomerKey(deps.ownerUrl, revocation);
        return { status: 200, body: { revokedCustomerKids } };
      });
    },
  );
}

/** PUT /v1/admin/{tenant}/customer-jwks-url. A new URL must have a key set already. */
export function changeJwksUrlRoute(deps: KeysDeps & { readonly outgoing: OutgoingReach }): Route {
  return route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/customer-jwks-url",
      summary: "Set or remove the URL from which the server fetches keys of customer tokens",
      tag: "Administration",
      access: "api-key",
      audits: [["tenant.set_customer_jwks_url", "tenant.remove_customer_jwks_url"]],
      params: tenantParams,
      headers: onceHeaders,
      body: jwksUrlChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The URL counts from the next sign-in on" } },
      problems: [
        ...changeProblems,
        "invalid_jwks_url",
        "jwks_unavailable",
        "invalid_customer_keys",
      ],
    },
    (call) => {
      const { url } = call.body;
      const { outgoing: fetching } = deps;
      const audit =
        url === null ? "tenant.remove_customer_jwks_url" : "tenant.set_customer_jwks_url";
      return administer(deps, call, actOn(call.who, audit), async (by) => {
        const { slug, tenant } = call.who;
        if (url !== null) assertUsable(await fetchInTurn(tenant, () => fetchKeySet(url, fetching)));
        await changeJwksUrl(deps.ownerUrl, { slug, url, fetching, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );
}
