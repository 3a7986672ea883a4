import { ownSessions, sessionParams } from "../../../contract/sessions.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import { endOwnSession, listSessions } from "../../../identity/tokens/own-sessions.ts";
import { reportActivity } from "../../../identity/tokens/report-activity.ts";
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

/** POST /v1/sessions/current/activity */
export function reportActivityRoute(deps: Pick<UseCase, "pool">): Route {
  return route(
    {
      method: "post",
      path: "/v1/sessions/current/activity",
      summary: "Report that a person did something, so that the session does not end as idle",
      tag: "Sessions",
      access: "session",
      isForEnrolment: true,
      audits: { nothing: "that somebody is at the device" },
      answers: { 204: { description: "The person counts as present" } },
    },
    async ({ who }) => {
      await reportActivity(deps, who.actor);
      return { status: 204 };
    },
  );
}
