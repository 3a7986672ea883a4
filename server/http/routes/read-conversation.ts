import { conversation } from "../../../contract/conversations.ts";
import { idParams } from "../../../contract/values.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { readConversation } from "../../../messaging/members/read-conversations.ts";
import { route, type Route } from "../route.ts";

/** GET /v1/conversations/{id} */
export function readConversationRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/conversations/{id}",
      summary: "Read a conversation's members and state",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.read"],
      params: idParams,
      answers: { 200: { description: "The conversation", schema: conversation } },
      problems: ["conversation_not_found", "forbidden"],
    },
    async ({ who, params }) => ({
      status: 200,
      body: await readConversation(deps, who.actor, { conversation: params.id }),
    }),
  );
}
