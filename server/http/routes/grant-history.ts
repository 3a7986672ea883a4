import { logPosition } from "../../../contract/conversations.ts";
import { newHistoryGrant } from "../../../contract/history.ts";
import { idParams } from "../../../contract/values.ts";
import { grantHistory } from "../../../messaging/history/grant-history.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { route, type Route } from "../route.ts";

/** POST /v1/conversations/{id}/history-grants */
export function grantHistoryRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/conversations/{id}/history-grants",
      summary: "Show a range of the past to a member, in packs that only their devices can open",
      tag: "Conversations",
      access: "session",
      audits: ["history.grant"],
      params: idParams,
      body: newHistoryGrant,
      bodyLimit: { bytes: 1024 * 1024, withinMs: 30_000 },
      answers: { 200: { description: "Where the grant stands in the log", schema: logPosition } },
      problems: [
        "quota_exceeded",
        "conversation_not_found",
        "invalid_record",
        "invalid_signature",
        "record_exists",
        "device_mismatch",
        "attachment_not_found",
        "forbidden",
        "no_device",
        "contended",
        "key_destroyed",
      ],
    },
    async ({ who, params, body: { receipt: text, signature, packets } }) => ({
      status: 200,
      body: await grantHistory(deps, who.actor, {
        conversation: params.id,
        signed: { text, signature },
        packets,
      }),
    }),
  );
}
