import { logPosition } from "../../../contract/conversations.ts";
import { newConsent } from "../../../contract/history.ts";
import { idParams } from "../../../contract/values.ts";
import { recordConsent } from "../../../messaging/history/record-consent.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { route, type Route } from "../route.ts";

/** POST /v1/conversations/{id}/consents */
export function recordConsentRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/conversations/{id}/consents",
      summary: "Give or withdraw consent that staff show the conversation's past to colleagues",
      tag: "Conversations",
      access: "session",
      audits: [["consent.given", "consent.withdrawn"]],
      params: idParams,
      body: newConsent,
      bodyLimit: { bytes: 32 * 1024, withinMs: 10_000 },
      answers: { 200: { description: "Where the consent stands in the log", schema: logPosition } },
      problems: [
        "quota_exceeded",
        "conversation_not_found",
        "invalid_record",
        "invalid_signature",
        "record_exists",
        "forbidden",
        "no_device",
        "contended",
      ],
    },
    async ({ who, params, body: { receipt: text, signature } }) => ({
      status: 200,
      body: await recordConsent(deps, who.actor, {
        conversation: params.id,
        signed: { text, signature },
      }),
    }),
  );
}
