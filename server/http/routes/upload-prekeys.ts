import { newPreKeys, preKeyCount } from "../../../contract/prekeys.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { uploadPreKeys } from "../../../identity/prekeys/own-prekeys.ts";
import { preKeysLimit } from "../bodies/body-limit.ts";
import { route, type Route } from "../route.ts";

/** PUT /v1/devices/current/prekeys */
export function uploadPreKeysRoute(deps: UseCase): Route {
  return route(
    {
      method: "put",
      path: "/v1/devices/current/prekeys",
      summary: "Publish prekeys of this device",
      tag: "Directory",
      access: "session",
      audits: ["prekeys.publish"],
      isUnlimited: true,
      body: newPreKeys,
      bodyLimit: preKeysLimit,
      answers: { 200: { description: "What is left now", schema: preKeyCount } },
      problems: ["device_required", "invalid_prekey", "too_many_prekeys", "prekey_id_reused"],
    },
    async ({ who, body, requestId }) => ({
      status: 200,
      body: await uploadPreKeys({ ...deps, requestId }, who.actor, body),
    }),
  );
}
