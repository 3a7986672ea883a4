import { renewedSession } from "../../../contract/sessions.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { AccessTokens } from "../../../identity/tokens/access-token.ts";
import { renewSession } from "../../../identity/tokens/current-session.ts";
import { route, type Route } from "../route.ts";

/** POST /v1/sessions/current/renew */
export function renewSessionRoute(deps: UseCase & { readonly accessTokens: AccessTokens }): Route {
  return route(
    {
      method: "post",
      path: "/v1/sessions/current/renew",
      summary: "Get a fresh access token for the current session, also after the last one expired",
      tag: "Sessions",
      access: "renewal",
      audits: ["session.renew"],
      isUnlimited: true,
      answers: { 200: { description: "A fresh access token", schema: renewedSession } },
    },
    async ({ who, requestId }) => ({
      status: 200,
      body: await renewSession({ ...deps, requestId }, who),
    }),
  );
}
