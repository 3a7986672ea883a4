import * as z from "zod/mini";
import {
  conversation,
  conversationPage,
  conversationsQuery,
  createdConversation,
  cursor,
  logPosition,
  newConversation,
} from "../../../contract/conversations.ts";
import { conversationParams } from "../../../contract/values.ts";
import { newAct } from "../../../contract/receipts.ts";
import { closeConversation } from "../../../messaging/members/change-members.ts";
import { createConversation } from "../../../messaging/members/create-conversation.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import {
  listConversations,
  readConversation,
} from "../../../messaging/members/read-conversations.ts";
import type { Actor } from "../../../policies/actor.ts";
import type { MessageLimits } from "../../socket/message-limits.ts";
import { HttpError } from "../http-error.ts";
import { route, type Route } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

/** POST /v1/conversations. Rate-limited, because each conversation has to be looked at by its members. */
export function createConversationRoute(
  deps: MessagingDeps & { readonly limits: MessageLimits },
): Route {
  return route(
    {
      method: "post",
      path: "/v1/conversations",
      summary: "Start a conversation with a signed creation record",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.create"],
      body: newConversation,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The log begins", schema: createdConversation } },
      problems: [
        "quota_exceeded",
        "forbidden",
        "sanctioned",
        "consent_required",
        "no_device",
        "invalid_record",
        "invalid_signature",
        "stale_record",
        "conversation_exists",
        "too_many_conversations",
        "too_many_members",
        "contended",
        "rate_limited",
      ],
    },
    async ({ who, body: { receipt: text, signature, ...begun } }) => {
      admit(deps.limits, who.actor);
      const input = { ...begun, signed: { text, signature } };
      return { status: 201, body: await createConversation(deps, who.actor, input) };
    },
  );
}

/** @throws HttpError rate_limited */
function admit(limits: MessageLimits, { device, ...actor }: Actor): void {
  // Without a device, the use case refuses.
  if (device === undefined) return;
  const waitMs = limits.take({ ...actor, device });
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1000);
  throw new HttpError("rate_limited", `Too many new conversations; try again in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });
}

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

/** GET /v1/conversations/{id} */
export function readConversationRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/conversations/{id}",
      summary:
        "Read a conversation's members and state, and the last event, on which an act is signed",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.read"],
      params: conversationParams,
      answers: { 200: { description: "The conversation", schema: conversation } },
      problems: ["conversation_not_found", "forbidden"],
    },
    async ({ who, params }) => ({
      status: 200,
      body: await readConversation(deps, who.actor, { conversation: params.id }),
    }),
  );
}

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
      params: conversationParams,
      body: newAct,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "Where the change stands in the log", schema: logPosition } },
      problems: [
        "invalid_record",
        "invalid_signature",
        "stale_record",
        "conversation_not_found",
        "conversation_closed",
        "forbidden",
        "not_a_member",
        "no_device",
        "contended",
        "processing_restricted",
      ],
    },
    async ({ who, params, body: { receipt: text, signature } }) => ({
      status: 200,
      body: await closeConversation(deps, who.actor, {
        conversation: params.id,
        signed: { text, signature },
      }),
    }),
  );
}
