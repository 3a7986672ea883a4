import { z } from "zod";
import type { UseCase } from "../../../keys/audited.ts";
import type { Announce } from "../../../keys/directory/announce.ts";
import { resetAccount, resetReasons } from "../../../keys/directory/reset-account.ts";
import type { Disconnect } from "../../../keys/tokens/disconnect.ts";
import { smallBody } from "../bodies/body-limit.ts";
import { uuid } from "../json-bytes.ts";
import { route, type Route } from "../route.ts";

const reset = z.strictObject({ reason: z.enum(resetReasons) }).meta({ id: "AccountReset" });
const done = z.strictObject({ devicesRemoved: z.int().min(0) });

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
      params: z.strictObject({ user: uuid }),
      body: reset,
      bodyLimit: smallBody,
      answers: { 200: { description: "The account has no device now", schema: done } },
      problems: ["user_not_found", "device_required", "forbidden", "contended"],
    },
    async ({ who, params, body, requestId }) => {
      const asked = { user: params.user, reason: body.reason };
      const devicesRemoved = await resetAccount({ ...deps, requestId }, who.actor, asked);
      return { status: 200, body: { devicesRemoved } };
    },
  );
}
