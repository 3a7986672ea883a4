import { onceHeaders, tenantParams } from "../../../../contract/administration.ts";
import { administeredTenant, createdTenant, newTenant } from "../../../../contract/tenants.ts";
import type { NewId, TenantId } from "../../../../crypto/wire/ids.ts";
import { createTenant } from "../../../../identity/accounts/create-tenant.ts";
import { parseCustomerKeys } from "../../../../identity/accounts/customer-keys.ts";
import { suspendTenant } from "../../../../identity/accounts/suspend-tenant.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import { readTenant } from "../../../../identity/operator-keys/read-tenant.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type AnyRoute, type Route } from "../../route.ts";
import { changeProblems } from "../administration/administer.ts";
import { operate } from "./operate.ts";
import { limitRoute, requiredConsentsRoute } from "./tenant-settings.ts";

export interface OperatorDeps extends KeyActDeps {
  /** A login that may act as sealdesk_owner. */
  readonly ownerUrl: string;
  readonly newId: NewId;
}

/** The routes of programs with a key of the operator. */
export const operatorRoutes = (deps: OperatorDeps): readonly AnyRoute[] => [
  createTenantRoute(deps),
  readTenantRoute(deps),
  suspensionRoute(deps, "suspend"),
  suspensionRoute(deps, "resume"),
  limitRoute(deps),
  requiredConsentsRoute(deps),
];

/** POST /v1/operator/tenants */
function createTenantRoute(deps: OperatorDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/operator/tenants",
      summary: "Create a tenant",
      tag: "Operator",
      access: "operator-key",
      audits: ["tenant.create"],
      headers: onceHeaders,
      body: newTenant,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The tenant", schema: createdTenant } },
      problems: [...changeProblems, "tenant_exists", "invalid_customer_keys", "invalid_origin"],
    },
    (call) => {
      const { slug, name, customerKeys = { keys: [] }, origins } = call.body;
      const act = { action: "create_tenant", audit: "tenant.create" } as const;
      return operate(deps, call, act, async (by) => {
        const id = deps.newId<TenantId>();
        await createTenant(deps.ownerUrl, {
          id,
          slug,
          name,
          customerKeys: parseCustomerKeys(customerKeys),
          origins,
          nowMs: deps.now(),
          by,
        });
        return { status: 201, body: { id } };
      });
    },
  );
}

/** GET /v1/operator/tenants/{tenant} */
function readTenantRoute(deps: OperatorDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/operator/tenants/{tenant}",
      summary: "Read what the operator has set for a tenant",
      tag: "Operator",
      access: "operator-key",
      audits: ["tenant.read_settings"],
      params: tenantParams,
      answers: { 200: { description: "The tenant", schema: administeredTenant } },
      problems: ["forbidden", "overloaded", "tenant_not_found"],
    },
    (call) => {
      const act = { action: "read_tenant", audit: "tenant.read_settings" } as const;
      return operate(deps, call, act, async (by, tenant) => ({
        status: 200,
        body: await readTenant(deps, by, tenant),
      }));
    },
  );
}

/** PUT and DELETE /v1/operator/tenants/{tenant}/suspension */
function suspensionRoute(deps: OperatorDeps, kind: "suspend" | "resume"): Route {
  const suspended = kind === "suspend";
  const audit = suspended ? "tenant.suspend" : "tenant.resume";
  return route(
    {
      method: suspended ? "put" : "delete",
      path: "/v1/operator/tenants/{tenant}/suspension",
      summary: suspended
        ? "Suspend a tenant: close its sockets and refuse its users"
        : "Serve a suspended tenant again",
      tag: "Operator",
      access: "operator-key",
      audits: [audit],
      params: tenantParams,
      headers: onceHeaders,
      answers: {
        204: { description: suspended ? "The tenant is suspended" : "The tenant is served" },
      },
      problems: [...changeProblems, "tenant_not_found"],
    },
    (call) => {
      const { tenant: slug } = call.params;
      const act = { action: `${kind}_tenant`, audit } as const;
      return operate(deps, call, act, async (by) => {
        await suspendTenant(deps.ownerUrl, { slug, suspended, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );
}
