import {
  newOrigin,
  onceHeaders,
  originQuery,
  origins,
  staffGrantsChange,
  tenantParams,
  tenantSettings,
} from "../../../../contract/administration.ts";
import { allowStaffGrants } from "../../../../identity/accounts/allow-staff-grants.ts";
import { changeOrigins } from "../../../../identity/accounts/origins.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import { readTenantSettings } from "../../../../identity/administration/read-settings.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface SettingsDeps extends KeyActDeps {
  readonly ownerUrl: string;
}

/** GET /v1/admin/{tenant}/settings */
export function readSettingsRoute(deps: KeyActDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/admin/{tenant}/settings",
      summary: "Read the tenant's settings",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.read_settings"],
      params: tenantParams,
      answers: { 200: { description: "The settings", schema: tenantSettings } },
      problems: ["forbidden", "overloaded"],
    },
    (call) => {
      const { tenant } = call.who;
      const resource = { type: "tenant", id: tenant } as const;
      const act = { action: "read_settings", audit: "tenant.read_settings", resource } as const;
      return administer(deps, call, act, async (by) => ({
        status: 200,
        body: await readTenantSettings(deps, by, tenant),
      }));
    },
  );
}

/** PUT /v1/admin/{tenant}/settings/staff-grants */
export function staffGrantsRoute(deps: SettingsDeps): Route {
  return route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/settings/staff-grants",
      summary: "Allow or forbid that staff show earlier messages to colleagues",
      tag: "Administration",
      access: "api-key",
      audits: [["tenant.allow_staff_grants", "tenant.forbid_staff_grants"]],
      params: tenantParams,
      headers: onceHeaders,
      body: staffGrantsChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The setting counts from now on" } },
      problems: changeProblems,
    },
    (call) => {
      const { allowed } = call.body;
      const { slug, tenant } = call.who;
      const act = {
        action: "change_settings",
        audit: allowed ? "tenant.allow_staff_grants" : "tenant.forbid_staff_grants",
        resource: { type: "tenant", id: tenant },
      } as const;
      return administer(deps, call, act, async (by) => {
        await allowStaffGrants(deps.ownerUrl, { slug, allowed, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );
}

/** POST /v1/admin/{tenant}/origins */
export function addOriginRoute(deps: SettingsDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/origins",
      summary: "Let pages of an origin use the server for the tenant",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.add_origin"],
      params: tenantParams,
      headers: onceHeaders,
      body: newOrigin,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The origins that are allowed now", schema: origins } },
      problems: [...changeProblems, "invalid_origin"],
    },
    (call) => {
      const { slug, tenant } = call.who;
      const resource = { type: "tenant", id: tenant } as const;
      const act = { action: "change_origins", audit: "tenant.add_origin", resource } as const;
      const { origin } = call.body;
      return administer(deps, call, act, async (by) => ({
        status: 200,
        body: {
          origins: await changeOrigins(deps.ownerUrl, {
            slug,
            kind: "add",
            origin,
            nowMs: deps.now(),
            by,
          }),
        },
      }));
    },
  );
}

/** DELETE /v1/admin/{tenant}/origins?origin=... */
export function removeOriginRoute(deps: SettingsDeps): Route {
  return route(
    {
      method: "delete",
      path: "/v1/admin/{tenant}/origins",
      summary: "Refuse pages of an origin",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.remove_origin"],
      params: tenantParams,
      query: originQuery,
      headers: onceHeaders,
      answers: { 200: { description: "The origins that are allowed now", schema: origins } },
      problems: changeProblems,
    },
    (call) => {
      const { slug, tenant } = call.who;
      const resource = { type: "tenant", id: tenant } as const;
      const act = { action: "change_origins", audit: "tenant.remove_origin", resource } as const;
      const { origin } = call.query;
      return administer(deps, call, act, async (by) => ({
        status: 200,
        body: {
          origins: await changeOrigins(deps.ownerUrl, {
            slug,
            kind: "remove",
            origin,
            nowMs: deps.now(),
            by,
          }),
        },
      }));
    },
  );
}
