import { account, accountReset, accountWasReset } from "../../../contract/devices.ts";
import { staffPage, staffQuery } from "../../../contract/staff.ts";
import { userParams } from "../../../contract/values.ts";
import type { DirectoryDeps } from "../../../identity/accounts/profiles.ts";
import { listStaff, STAFF_PER_PAGE } from "../../../identity/accounts/staff.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { Announce } from "../../../identity/directory/announce.ts";
import { listDevices } from "../../../identity/directory/list-devices.ts";
import { resetAccount } from "../../../identity/directory/reset-account.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import { route, type Route } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

/** GET /v1/staff */
export function listStaffRoute(deps: DirectoryDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/staff",
      summary: "List the tenant's staff, for choosing whom to write to",
      tag: "Directory",
      access: "session",
      audits: ["staff.list"],
      query: staffQuery,
      answers: { 200: { description: "A page of the staff in order of id", schema: staffPage } },
      problems: ["forbidden"],
    },
    async ({ who, query }) => {
      const page = await listStaff(deps, who.actor, query);
      const last = page.length === STAFF_PER_PAGE ? page.at(-1) : undefined;
      return { status: 200, body: { staff: page, next: last?.id ?? null } };
    },
  );
}

/** GET /v1/users/{user}/devices */
export function listDevicesRoute(deps: DirectoryDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/users/{user}/devices",
      summary: "Read a user's account key and certified devices",
      tag: "Directory",
      access: "session",
      audits: ["device.list"],
      params: userParams,
      answers: { 200: { description: "The account", schema: account } },
      problems: ["user_not_found", "forbidden"],
    },
    async ({ who, params }) => ({
      status: 200,
      body: await listDevices(deps, who.actor, params.user),
    }),
  );
}

/** POST /v1/users/{user}/reset */
export function resetAccountRoute(
  deps: UseCase & { readonly announce: Announce; readonly disconnect: Disconnect },
): Route {
  return route(
    {
      method: "post",
      path: "/v1/users/{user}/reset",
      summary: "Remove every device of an account, which then begins anew with another key",
      tag: "Directory",
      access: "session",
      audits: ["account.reset"],
      params: userParams,
      body: accountReset,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The account has no device now", schema: accountWasReset } },
      problems: [
        "user_not_found",
        "device_required",
        "forbidden",
        "step_up_required",
        "approval_required",
        "contended",
      ],
    },
    async ({ who, params, body }) => {
      const asked = { user: params.user, reason: body.reason };
      const devicesRemoved = await resetAccount(deps, who.actor, asked);
      return { status: 200, body: { devicesRemoved } };
    },
  );
}
