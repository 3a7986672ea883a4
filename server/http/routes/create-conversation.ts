import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { createConversation } from "../../../messaging/members/create-conversation.ts";
import { smallBody } from "../bodies/body-limit.ts";
import { route, type Route } from "../route.ts";
import { createdConversation, newConversation } from "./conversation-schemas.ts";

/** POST /v1/conversations */
export function createConversationRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/conversations",
      summary: "Start a conversation with a signed creation record",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.create"],
      body: newConversation,
      bodyLimit: smallBody,
      answers: { 201: { description: "The log begins", schema: createdConversation } },
      problems: ["forbidden", "no_device", "invalid_signature", "conversation_exists", "contended"],
    },
    async ({ who, body }) => ({
      status: 201,
      body: await createConversation(deps, who.actor, body),
    }),
  );
}
