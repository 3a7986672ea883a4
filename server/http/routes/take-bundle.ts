import { preKeyBundle } from "../../../contract/prekeys.ts";
import { idParams } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { takeBundle } from "../../../identity/prekeys/take-bundle.ts";
import type { Limiter } from "../limits.ts";
import { route, type Route } from "../route.ts";

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
      params: idParams,
      answers: { 200: { description: "One bundle", schema: preKeyBundle } },
      problems: ["device_not_found", "no_prekeys", "forbidden", "rate_limited"],
    },
    async ({ who: { actor }, params, requestId }) => {
      const admit = async (pair: string) => void (await deps.byPair.take(pair));
      const bundle = await takeBundle({ ...deps, requestId, admit }, actor, params.id);
      return { status: 200, body: { ...bundle, preKey: bundle.preKey ?? null } };
    },
  );
}
