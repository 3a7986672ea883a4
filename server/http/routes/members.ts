import { logPosition, memberParams, newMember } from "../../../contract/conversations.ts";
import { conversationParams } from "../../../contract/values.ts";
import { addMember, removeMember } from "../../../messaging/members/change-members.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { route, type Route } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

/** POST /v1/conversations/{id}/members */
export function addMemberRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/conversations/{id}/members",
      summary: "Add a member of staff, or join; the newcomer cannot read the past",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.add_member"],
      params: conversationParams,
      body: newMember,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "Where the change stands in the log", schema: logPosition } },
      problems: [
        "quota_exceeded",
        "conversation_not_found",
        "member_not_found",
        "already_a_member",
        "forbidden",
        "too_many_conversations",
        "too_many_members",
        "contended",
      ],
    },
    async ({ who, params, body }) => ({
      status: 200,
      body: await addMember(deps, who.actor, { conversation: params.id, user: body.user }),
    }),
  );
}

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
