import {
  administeredStaffPage,
  administeredStaffQuery,
  createdStaff,
  newStaff,
  onceHeaders,
  roleChange,
  staffReset,
  tenantParams,
  tenantUserParams,
} from "../../../../contract/administration.ts";
import { accountWasReset } from "../../../../contract/devices.ts";
import type { NewId, UserId } from "../../../../crypto/wire/ids.ts";
import type { Profiles } from "../../../../identity/accounts/profiles.ts";
import { setRole } from "../../../../identity/accounts/set-role.ts";
import { createStaff, STAFF_PER_PAGE } from "../../../../identity/accounts/staff.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import { listStaffByKey } from "../../../../identity/administration/list-staff.ts";
import type { Announce } from "../../../../identity/directory/announce.ts";
import { resetByOperator } from "../../../../identity/directory/reset-account.ts";
import type { Disconnect } from "../../../../identity/tokens/disconnect.ts";
import { Secret } from "../../../../keys/secret.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface StaffDeps extends KeyActDeps {
  readonly ownerUrl: string;
  readonly profiles: Profiles;
}

/** GET /v1/admin/{tenant}/staff */
export function listStaffByKeyRoute(deps: StaffDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/admin/{tenant}/staff",
      summary: "List the accounts of staff",
      tag: "Administration",
      access: "api-key",
      audits: ["staff.list"],
      params: tenantParams,
      query: administeredStaffQuery,
      answers: { 200: { description: "A page in order of id", schema: administeredStaffPage } },
      problems: ["forbidden", "overloaded"],
    },
    (call) => {
      const { tenant } = call.who;
      const resource = { type: "tenant", id: tenant } as const;
      const act = { action: "read_staff", audit: "staff.list", resource } as const;
      return administer(deps, call, act, async (by) => {
        const staff = await listStaffByKey(deps, by, tenant, call.query.after);
        const last = staff.length === STAFF_PER_PAGE ? staff.at(-1) : undefined;
        return { status: 200, body: { staff, next: last?.id ?? null } };
      });
    },
  );
}

/** POST /v1/admin/{tenant}/staff */
export function createStaffRoute(deps: StaffDeps & { readonly newId: NewId }): Route {
  return route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/staff",
      summary: "Create an account of staff that signs in with a password",
      tag: "Administration",
      access: "api-key",
      audits: ["user.create"],
      params: tenantParams,
      headers: onceHeaders,
      body: newStaff,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The account", schema: createdStaff } },
      problems: [...changeProblems, "username_taken", "weak_password", "password_too_common"],
    },
    (call) => {
      const { username, displayName = username, role, password } = call.body;
      const id = deps.newId<UserId>();
      const resource = { type: "user", id } as const;
      const act = { action: "create_staff", audit: "user.create", resource } as const;
      return administer(deps, call, act, async (by) => {
        await createStaff(deps.ownerUrl, deps.profiles, {
          id,
          tenant: call.who.tenant,
          role,
          username,
          displayName,
          password: new Secret(password),
          nowMs: deps.now(),
          by,
        });
        return { status: 201, body: { id } };
      });
    },
  );
}

/** PUT /v1/admin/{tenant}/staff/{user}/role */
export function setRoleRoute(deps: StaffDeps): Route {
  return route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/staff/{user}/role",
      summary: "Give an account of staff another role",
      tag: "Administration",
      access: "api-key",
      audits: ["user.set_role"],
      params: tenantUserParams,
      headers: onceHeaders,
      body: roleChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The account has the role now" } },
      problems: [...changeProblems, "user_not_found"],
    },
    (call) => {
      const { user } = call.params;
      const resource = { type: "user", id: user } as const;
      const act = { action: "set_role", audit: "user.set_role", resource, subject: user } as const;
      return administer(deps, call, act, async (by) => {
        await setRole(deps.ownerUrl, deps.profiles, {
          tenant: call.who.tenant,
          account: { user },
          role: call.body.role,
          nowMs: deps.now(),
          by,
        });
        return { status: 204 };
      });
    },
  );
}

/** POST /v1/admin/{tenant}/staff/{user}/reset */
export function resetStaffRoute(
  deps: StaffDeps & {
    readonly announce: Announce;
    readonly disconnect: Disconnect;
    /** Is told of a reset that could not be announced. */
    readonly onUnannounced: (error: unknown) => void;
  },
): Route {
  return route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/staff/{user}/reset",
      summary: "Remove every device of an account of staff, and end its sessions",
      tag: "Administration",
      access: "api-key",
      audits: ["account.reset"],
      params: tenantUserParams,
      headers: onceHeaders,
      body: staffReset,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The account has no device now", schema: accountWasReset } },
      problems: [...changeProblems, "user_not_found", "approval_required", "contended"],
    },
    async (call) => {
      const { tenant } = call.who;
      const { user } = call.params;
      const resource = { type: "user", id: user } as const;
      const act = {
        action: "reset_account",
        audit: "account.reset",
        resource,
        subject: user,
      } as const;
      const answer = await administer(deps, call, act, async (by) => {
        const asked = { account: { user }, reason: call.body.reason, by };
        const { devices } = await resetByOperator(deps, tenant, asked);
        for (const device of devices) deps.disconnect({ tenant, device });
        return { status: 200, body: { devicesRemoved: devices.length } };
      });
      // The account is reset, whatever happens here. A repeat announces it again, and so does a periodic task.
      await deps.announce({ tenant, user }).catch(deps.onUnannounced);
      return answer;
    },
  );
}
