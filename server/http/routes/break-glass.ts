import { accesses, newAccess, newReview, requestedAccess } from "../../../contract/break-glass.ts";
import { conversationParams, idParams } from "../../../contract/values.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import { endAccess } from "../../../messaging/break-glass/end-access.ts";
import { requestAccess } from "../../../messaging/break-glass/request-access.ts";
import { listAccesses, reviewAccess } from "../../../messaging/break-glass/review-access.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

export interface BreakGlassRoutesDeps extends UseCase {
  readonly newId: NewId;
  readonly disconnect: Disconnect;
}

/** The routes of access in an emergency. It is approved by the routes of approvals. */
export const breakGlassRoutes = (deps: BreakGlassRoutesDeps): readonly Route[] => [
  requestRoute(deps),
  listRoute(deps),
  endRoute(deps),
  reviewRoute(deps),
];

/** POST /v1/conversations/{id}/break-glass */
const requestRoute = (deps: BreakGlassRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/conversations/{id}/break-glass",
      summary:
        "Ask for access to a conversation in an emergency, which two other people must approve",
      tag: "Approvals",
      access: "session",
      audits: ["break_glass.request"],
      params: conversationParams,
      body: newAccess,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The request", schema: requestedAccess } },
      problems: [
        "forbidden",
        "processing_restricted",
        "device_required",
        "conversation_not_found",
        "access_not_needed",
        "too_many_requests",
      ],
    },
    async ({ who: { actor }, params: { id: conversation }, body }) => ({
      status: 201,
      body: await requestAccess(deps, actor, { conversation, ...body }),
    }),
  );

/** GET /v1/break-glass */
const listRoute = (deps: BreakGlassRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/break-glass",
      summary: "List access in emergencies: requested, running, and waiting for a review",
      tag: "Approvals",
      access: "session",
      audits: ["break_glass.list"],
      answers: { 200: { description: "The last 200, the newest first", schema: accesses } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: { accesses: await listAccesses(deps, { actor }) },
    }),
  );

/** POST /v1/break-glass/{id}/end */
const endRoute = (deps: BreakGlassRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/break-glass/{id}/end",
      summary: "End an access before its time",
      tag: "Approvals",
      access: "session",
      audits: ["break_glass.end"],
      params: idParams,
      answers: { 204: { description: "It is over, and the sessions of the account end" } },
      problems: ["forbidden", "access_not_found", "access_not_running"],
    },
    async ({ who: { actor }, params: { id } }) => {
      await endAccess(deps, { actor }, id);
      return { status: 204 };
    },
  );

/** POST /v1/break-glass/{id}/review */
const reviewRoute = (deps: BreakGlassRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/break-glass/{id}/review",
      summary: "Say whether an access that is over was justified",
      tag: "Approvals",
      access: "session",
      audits: ["break_glass.review"],
      params: idParams,
      body: newReview,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "It is reviewed" } },
      problems: ["forbidden", "device_required", "access_not_found", "access_not_ended"],
    },
    async ({ who: { actor }, params: { id }, body: { finding } }) => {
      await reviewAccess(deps, { actor }, { id, finding });
      return { status: 204 };
    },
  );
