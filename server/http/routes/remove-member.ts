import { logPosition, memberParams } from "../../../contract/conversations.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { removeMember } from "../../../messaging/members/change-members.ts";
import { route, type Route } from "../route.ts";

/** DELETE /v1/conversations/{id}/members/{user} */
export function removeMemberRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "delete",
      path: "/v1/conversations/{id}/members/{user}",
      summary: "Remove a member of staff, or leave",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.remove_member"],
      params: memberParams,
      answers: { 200: { description: "Where the change stands in the log", schema: logPosition } },
      problems: ["conversation_not_found", "member_not_found", "forbidden", "contended"],
    },
    async ({ who, params }) => ({
      status: 200,
      body: await removeMember(deps, who.actor, { conversation: params.id, user: params.user }),
    }),
  );
}
