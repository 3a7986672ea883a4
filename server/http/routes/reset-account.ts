import { accountReset, accountWasReset } from "../../../contract/devices.ts";
import { userParams } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { Announce } from "../../../identity/directory/announce.ts";
import { resetAccount } from "../../../identity/directory/reset-account.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import { smallBody } from "../bodies/body-limit.ts";
import { route, type Route } from "../route.ts";

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
      bodyLimit: smallBody,
      answers: { 200: { description: "The account has no device now", schema: accountWasReset } },
      problems: ["user_not_found", "device_required", "forbidden", "contended"],
    },
    async ({ who, params, body, requestId }) => {
      const asked = { user: params.user, reason: body.reason };
      const devicesRemoved = await resetAccount({ ...deps, requestId }, who.actor, asked);
      return { status: 200, body: { devicesRemoved } };
    },
  );
}
