import * as z from "zod/mini";
import { conversationPage, conversationsQuery, cursor } from "../../../contract/conversations.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { listConversations } from "../../../messaging/members/read-conversations.ts";
import { route, type Route } from "../route.ts";

/** GET /v1/conversations */
export function listConversationsRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/conversations",
      summary: "List the conversations one is a member of, oldest first",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.list"],
      query: conversationsQuery,
      answers: { 200: { description: "One page", schema: conversationPage } },
    },
    async ({ who, query }) => {
      const { after, limit = 50 } = query;
      const conversations = await listConversations(deps, who.actor, { after, limit });
      const last = conversations.length === limit ? conversations.at(-1) : undefined;
      return { status: 200, body: { conversations, next: last ? z.encode(cursor, last) : null } };
    },
  );
}
