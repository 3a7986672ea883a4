import { account } from "../../../contract/devices.ts";
import { userParams } from "../../../contract/values.ts";
import type { DirectoryDeps } from "../../../identity/accounts/profiles.ts";
import { listDevices } from "../../../identity/directory/list-devices.ts";
import { route, type Route } from "../route.ts";

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
    async ({ who, params, requestId }) => ({
      status: 200,
      body: await listDevices({ ...deps, requestId }, who.actor, params.user),
    }),
  );
}
