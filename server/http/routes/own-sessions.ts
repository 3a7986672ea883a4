import { ownSessions, sessionParams } from "../../../contract/sessions.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import { endOwnSession, listSessions } from "../../../identity/tokens/own-sessions.ts";
import { route, type Route } from "../route.ts";

/** GET /v1/sessions */
export function listSessionsRoute(deps: UseCase): Route {
  return route(
    {
      method: "get",
      path: "/v1/sessions",
      summary: "List the open sessions of one's own account",
      tag: "Sessions",
      access: "session",
      audits: { nothing: "one's own sessions" },
      answers: { 200: { description: "The newest first", schema: ownSessions } },
      problems: ["forbidden"],
    },
    async ({ who }) => ({ status: 200, body: { sessions: await listSessions(deps, who.actor) } }),
  );
}

/** DELETE /v1/sessions/{id} */
export function endSessionRoute(deps: UseCase & { readonly disconnect: Disconnect }): Route {
  return route(
    {
      method: "delete",
      path: "/v1/sessions/{id}",
      summary: "End a session of one's own account",
      tag: "Sessions",
      access: "session",
      audits: ["session.revoke"],
      params: sessionParams,
      answers: { 204: { description: "The session's tokens serve no more" } },
      problems: ["session_not_found", "forbidden"],
    },
    async ({ who, params }) => {
      await endOwnSession(deps, who.actor, params.id);
      return { status: 204 };
    },
  );
}
