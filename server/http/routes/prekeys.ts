import { newPreKeys, preKeyBundle, preKeyCount, preKeyDigest } from "../../../contract/prekeys.ts";
import { deviceParams } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import {
  checkPreKeys,
  countOwnPreKeys,
  uploadPreKeys,
} from "../../../identity/prekeys/own-prekeys.ts";
import { takeBundle } from "../../../identity/prekeys/take-bundle.ts";
import type { Limiter } from "../rate-limiter.ts";
import { route, type Route } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

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
      bodyLimit: bodyLimits.preKeys,
      answers: { 200: { description: "What is left now", schema: preKeyCount } },
      problems: ["device_required", "invalid_prekey", "too_many_prekeys", "prekey_id_reused"],
    },
    async ({ who, body }) => ({
      status: 200,
      body: await uploadPreKeys(deps, who.actor, body),
    }),
  );
}

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
    async ({ who }) => ({
      status: 200,
      body: await countOwnPreKeys(deps, who.actor),
    }),
  );
}

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
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "They are the same" } },
      problems: ["device_required", "no_prekeys", "prekeys_differ"],
    },
    async ({ who, body }) => {
      await checkPreKeys(deps, who.actor, body.digest);
      return { status: 204 };
    },
  );
}

/**
 * POST /v1/devices/{id}/bundle. Rate-limited, because each call consumes a one-time prekey of the
 * device.
 */
export function takeBundleRoute(deps: UseCase & { readonly byPair: Limiter }): Route {
  return route(
    {
      method: "post",
      path: "/v1/devices/{id}/bundle",
      summary: "Take a prekey bundle of a device, to start a session with it",
      tag: "Directory",
      access: "session",
      audits: ["prekeys.take"],
      params: deviceParams,
      answers: { 200: { description: "One bundle", schema: preKeyBundle } },
      problems: ["device_not_found", "no_prekeys", "forbidden", "rate_limited"],
    },
    async ({ who: { actor }, params }) => {
      const admit = async (pair: string) => void (await deps.byPair.take(pair));
      const bundle = await takeBundle({ ...deps, admit }, actor, params.id);
      return { status: 200, body: { ...bundle, preKey: bundle.preKey ?? null } };
    },
  );
}
