import { logPosition } from "../../../contract/conversations.ts";
import { newAct } from "../../../contract/receipts.ts";
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
      body: newAct,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "Where the change stands in the log", schema: logPosition } },
      problems: [
        "quota_exceeded",
        "invalid_record",
        "invalid_signature",
        "stale_record",
        "staff_not_certified",
        "conversation_not_found",
        "member_not_found",
        "already_a_member",
        "forbidden",
        "not_a_member",
        "no_device",
        "too_many_conversations",
        "too_many_members",
        "contended",
        "consent_required",
        "processing_restricted",
      ],
    },
    async ({ who, params, body: { receipt: text, signature } }) => ({
      status: 200,
      body: await addMember(deps, who.actor, {
        conversation: params.id,
        signed: { text, signature },
      }),
    }),
  );
}

/** POST /v1/conversations/{id}/removals */
export function removeMemberRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/conversations/{id}/removals",
      summary: "Remove a member of staff, or leave",
      tag: "Conversations",
      access: "session",
      audits: ["conversation.remove_member"],
      params: conversationParams,
      body: newAct,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "Where the change stands in the log", schema: logPosition } },
      problems: [
        "invalid_record",
        "invalid_signature",
        "stale_record",
        "staff_not_certified",
        "conversation_not_found",
        "member_not_found",
        "forbidden",
        "not_a_member",
        "no_device",
        "contended",
        "processing_restricted",
      ],
    },
    async ({ who, params, body: { receipt: text, signature } }) => ({
      status: 200,
      body: await removeMember(deps, who.actor, {
        conversation: params.id,
        signed: { text, signature },
      }),
    }),
  );
}
