import { z } from "zod";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { listConversations } from "../../../messaging/members/read-conversations.ts";
import { route, type Route } from "../route.ts";
import { conversationPage, cursor } from "./conversation-schemas.ts";

const MAX_PAGE = 200;

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
      query: z.strictObject({
        after: cursor.optional(),
        limit: z
          .string()
          .regex(/^\d{1,3}$/)
          .transform(Number)
          .pipe(z.int().min(1).max(MAX_PAGE))
          .optional()
          .meta({ type: "integer", minimum: 1, maximum: MAX_PAGE, default: 50 }),
      }),
      answers: { 200: { description: "One page", schema: conversationPage } },
    },
    async ({ who, query }) => {
      const { after, limit = 50 } = query;
      const conversations = await listConversations(deps, who.actor, { after, limit });
      const last = conversations.length === limit ? conversations.at(-1) : undefined;
      return { status: 200, body: { conversations, next: last ? cursor.encode(last) : null } };
    },
  );
}
