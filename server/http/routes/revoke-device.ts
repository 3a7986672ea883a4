import { idParams } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { Announce } from "../../../identity/directory/announce.ts";
import { revokeDevice } from "../../../identity/directory/revoke-device.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import { route, type Route } from "../route.ts";

/** DELETE /v1/devices/{id} */
export function revokeDeviceRoute(
  deps: UseCase & { readonly announce: Announce; readonly disconnect: Disconnect },
): Route {
  return route(
    {
      method: "delete",
      path: "/v1/devices/{id}",
      summary: "Remove a device of one's own account or, as an admin, of any account of the tenant",
      tag: "Directory",
      access: "session",
      audits: ["device.revoke"],
      params: idParams,
      answers: { 204: { description: "The device is removed and its sessions are over" } },
      problems: ["device_required", "device_not_found"],
    },
    async ({ who, params, requestId }) => {
      await revokeDevice({ ...deps, requestId }, who.actor, params.id);
      return { status: 204 };
    },
  );
}
