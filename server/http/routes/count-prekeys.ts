import { preKeyCount } from "../../../contract/prekeys.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { countOwnPreKeys } from "../../../identity/prekeys/own-prekeys.ts";
import { route, type Route } from "../route.ts";

/** GET /v1/devices/current/prekeys */
export function countPreKeysRoute(deps: UseCase): Route {
  return route(
    {
      method: "get",
      path: "/v1/devices/current/prekeys",
      summary: "Count the one-time prekeys this device has left",
      tag: "Directory",
      access: "session",
      audits: { nothing: "it counts what is one's own" },
      answers: { 200: { description: "What is left; zero is said", schema: preKeyCount } },
      problems: ["device_required"],
    },
    async ({ who, requestId }) => ({
      status: 200,
      body: await countOwnPreKeys({ ...deps, requestId }, who.actor),
    }),
  );
}
