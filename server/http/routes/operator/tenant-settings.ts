import { onceHeaders, tenantParams } from "../../../../contract/administration.ts";
import { limitChange, requiredConsentsChange } from "../../../../contract/tenants.ts";
import { requireConsents } from "../../../../identity/accounts/require-consents.ts";
import { setTenantLimit } from "../../../../identity/accounts/set-tenant-limit.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { changeProblems } from "../administration/administer.ts";
import { operate } from "./operate.ts";

interface SettingsDeps extends KeyActDeps {
  readonly ownerUrl: string;
}

/** PUT /v1/operator/tenants/{tenant}/limits */
export function limitRoute(deps: SettingsDeps): Route {
  return route(
    {
      method: "put",
      path: "/v1/operator/tenants/{tenant}/limits",
      summary: "Set a limit of a tenant; every node uses it within five seconds",
      tag: "Operator",
      access: "operator-key",
      audits: ["tenant.set_limit"],
      params: tenantParams,
      headers: onceHeaders,
      body: limitChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The limit is set" } },
      problems: [...changeProblems, "tenant_not_found"],
    },
    (call) => {
      const { tenant: slug } = call.params;
      const act = { action: "set_limit", audit: "tenant.set_limit" } as const;
      return operate(deps, call, act, async (by) => {
        await setTenantLimit(deps.ownerUrl, { ...call.body, slug, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );
}

/** PUT /v1/operator/tenants/{tenant}/required-consents */
export function requiredConsentsRoute(deps: SettingsDeps): Route {
  return route(
    {
      method: "put",
      path: "/v1/operator/tenants/{tenant}/required-consents",
      summary: "Set for which purposes a tenant demands a consent",
      tag: "Operator",
      access: "operator-key",
      audits: ["tenant.require_consents"],
      params: tenantParams,
      headers: onceHeaders,
      body: requiredConsentsChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The setting counts from now on" } },
      problems: [...changeProblems, "tenant_not_found"],
    },
    (call) => {
      const { tenant: slug } = call.params;
      const { purposes } = call.body;
      const act = { action: "require_consents", audit: "tenant.require_consents" } as const;
      return operate(deps, call, act, async (by) => {
        await requireConsents(deps.ownerUrl, { slug, purposes, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );
}
