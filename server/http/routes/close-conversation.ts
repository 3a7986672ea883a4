import { logPosition } from "../../../contract/conversations.ts";
import { idParams } from "../../../contract/values.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { closeConversation } from "../../../messaging/members/change-members.ts";
import { route, type Route } from "../route.ts";

/** POST /v1/conversations/{id}/close */
export function closeConversationRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/conversations/{id}/close",
      summary: "Close a conversation to further messages",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.close"],
      params: idParams,
      answers: { 200: { description: "Where the change stands in the log", schema: logPosition } },
      problems: ["conversation_not_found", "conversation_closed", "forbidden", "contended"],
    },
    async ({ who, params }) => ({
      status: 200,
      body: await closeConversation(deps, who.actor, { conversation: params.id }),
    }),
  );
}
