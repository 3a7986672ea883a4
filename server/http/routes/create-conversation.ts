import { createdConversation, newConversation } from "../../../contract/conversations.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { createConversation } from "../../../messaging/members/create-conversation.ts";
import type { Actor } from "../../../policies/actor.ts";
import type { MessageLimits } from "../../socket/message-limits.ts";
import { HttpError } from "../http-error.ts";
import { smallBody } from "../bodies/body-limit.ts";
import { route, type Route } from "../route.ts";

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
      bodyLimit: smallBody,
      answers: { 201: { description: "The log begins", schema: createdConversation } },
      problems: [
        "quota_exceeded",
        "forbidden",
        "no_device",
        "invalid_signature",
        "conversation_exists",
        "too_many_conversations",
        "too_many_members",
        "contended",
        "rate_limited",
      ],
    },
    async ({ who, body }) => {
      admit(deps.limits, who.actor);
      return { status: 201, body: await createConversation(deps, who.actor, body) };
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
