import { logPosition } from "../../../contract/conversations.ts";
import { linksPage, linksParams, linksQuery, newHistoryGrant } from "../../../contract/history.ts";
import { conversationParams } from "../../../contract/values.ts";
import { grantHistory } from "../../../messaging/history/grant-history.ts";
import { readLinks } from "../../../messaging/history/read-links.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { route, type Route } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

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
      params: conversationParams,
      body: newHistoryGrant,
      bodyLimit: bodyLimits.historyGrant,
      answers: { 200: { description: "Where the grant stands in the log", schema: logPosition } },
      problems: [
        "quota_exceeded",
        "conversation_not_found",
        "invalid_record",
        "invalid_signature",
        "record_exists",
        "stale_record",
        "device_mismatch",
        "attachment_not_found",
        "forbidden",
        "not_a_member",
        "no_device",
        "contended",
        "processing_restricted",
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

/** GET /v1/conversations/{id}/history-grants/{grant}/links */
export function readLinksRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/conversations/{id}/history-grants/{grant}/links",
      summary: "Read the log's hashes of a granted range, backwards, to check what was granted",
      tag: "Conversations",
      access: "session",
      audits: ["history.read_links"],
      params: linksParams,
      query: linksQuery,
      answers: {
        200: {
          description: "At most 256 links, in order, the last of them `until`",
          schema: linksPage,
        },
      },
      problems: ["conversation_not_found", "grant_not_found", "forbidden", "processing_restricted"],
    },
    async ({ who, params, query }) => ({
      status: 200,
      body: await readLinks(deps, who.actor, {
        conversation: params.id,
        grant: params.grant,
        until: query.until,
      }),
    }),
  );
}
