import type { UseCase } from "../../../identity/audited.ts";
import { closeSession } from "../../../identity/tokens/current-session.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import { route, type Route } from "../route.ts";

/** DELETE /v1/sessions/current */
export function closeSessionRoute(deps: UseCase & { readonly disconnect: Disconnect }): Route {
  return route(
    {
      method: "delete",
      path: "/v1/sessions/current",
      summary: "Sign out",
      tag: "Sessions",
      access: "session",
      audits: ["session.revoke"],
      isUnlimited: true,
      answers: { 204: { description: "The session's tokens serve no more" } },
    },
    async ({ who, requestId }) => {
      await closeSession({ ...deps, requestId }, who);
      return { status: 204 };
    },
  );
}
