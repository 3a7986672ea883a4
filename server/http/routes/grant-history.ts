import { z } from "zod";
import { wireLimits } from "../../../crypto/wire/frame.ts";
import { grantHistory } from "../../../messaging/history/grant-history.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { bytes, uuid } from "../json-bytes.ts";
import { route, type Route } from "../route.ts";
import { conversationParams, logPosition, signedReceipt } from "./conversation-schemas.ts";

const packet = z.strictObject({ device: uuid, bytes: bytes(wireLimits.packet, "at most") });

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
      body: z.strictObject({ ...signedReceipt, packets: z.array(packet).min(1).max(256) }),
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
