import { preKeyDigest } from "../../../contract/prekeys.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { checkPreKeys } from "../../../identity/prekeys/own-prekeys.ts";
import { smallBody } from "../bodies/body-limit.ts";
import { route, type Route } from "../route.ts";

/** POST /v1/devices/current/prekeys/check */
export function checkPreKeysRoute(deps: UseCase): Route {
  return route(
    {
      method: "post",
      path: "/v1/devices/current/prekeys/check",
      summary: "Compare what the relay serves for this device with what it published",
      tag: "Directory",
      access: "session",
      audits: { nothing: "it compares what is one's own" },
      body: preKeyDigest,
      bodyLimit: smallBody,
      answers: { 204: { description: "They are the same" } },
      problems: ["device_required", "no_prekeys", "prekeys_differ"],
    },
    async ({ who, body, requestId }) => {
      await checkPreKeys({ ...deps, requestId }, who.actor, body.digest);
      return { status: 204 };
    },
  );
}
