import {
  linkApproval,
  linkRequest,
  newLinkRequest,
  openedLinkRequest,
} from "../../../contract/links.ts";
import { idParams } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { approveLink, refuseLink } from "../../../identity/linking/answer-link.ts";
import { readLink } from "../../../identity/linking/read-link.ts";
import { requestLink } from "../../../identity/linking/request-link.ts";
import { withdrawLink } from "../../../identity/linking/request-link.ts";
import type { Limiter } from "../rate-limiter.ts";
import { route, type Route } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

const path = "/v1/link-requests/{id}";
const params = idParams;

/**
 * POST /v1/link-requests. Rate-limited by the asking key, so that nobody uses up the requests of
 * another device of the account.
 */
export function requestLinkRoute(deps: UseCase & { readonly byKey: Limiter }): Route {
  return route(
    {
      method: "post",
      path: "/v1/link-requests",
      summary: "Ask the account's devices to let this new one join",
      tag: "Directory",
      access: "session",
      audits: ["link.request"],
      body: newLinkRequest,
      bodyLimit: bodyLimits.small,
      answers: {
        201: { description: "The request waits for an answer", schema: openedLinkRequest },
      },
      problems: ["forbidden", "link_not_needed", "link_request_exists", "rate_limited"],
    },
    async ({ who, body }) => {
      await deps.byKey.take(who.thumbprint);
      return { status: 201, body: await requestLink(deps, who, body) };
    },
  );
}

/** GET /v1/link-requests/{id} */
export function readLinkRoute(deps: UseCase): Route {
  return route(
    {
      method: "get",
      path,
      summary: "Read a new device's request, as that device or as another of its account",
      tag: "Directory",
      access: "session",
      audits: { nothing: "it tells of one's own account" },
      params,
      answers: { 200: { description: "The request and its answer", schema: linkRequest } },
      problems: ["link_request_not_found"],
    },
    async ({ who, params: { id } }) => ({
      status: 200,
      body: await readLink(deps, who, id),
    }),
  );
}

/** POST /v1/link-requests/{id}/approval */
export function approveLinkRoute(deps: UseCase): Route {
  return route(
    {
      method: "post",
      path: `${path}/approval`,
      summary: "Let a new device of one's own account join, with the approval sealed to it",
      tag: "Directory",
      access: "session",
      audits: ["link.approve"],
      params,
      body: linkApproval,
      bodyLimit: bodyLimits.linkApproval,
      answers: { 204: { description: "The new device can fetch it" } },
      problems: ["link_request_not_found", "link_request_expired", "link_request_closed"],
    },
    async ({ who, params: { id }, body }) => {
      await approveLink(deps, who, { id, sealed: body.sealed });
      return { status: 204 };
    },
  );
}

/** POST /v1/link-requests/{id}/refusal */
export function refuseLinkRoute(deps: UseCase): Route {
  return route(
    {
      method: "post",
      path: `${path}/refusal`,
      summary: "Refuse a new device",
      tag: "Directory",
      access: "session",
      audits: ["link.refuse"],
      params,
      answers: { 204: { description: "The new device is told" } },
      problems: ["link_request_not_found", "link_request_expired", "link_request_closed"],
    },
    async ({ who, params: { id } }) => {
      await refuseLink(deps, who, id);
      return { status: 204 };
    },
  );
}

/** DELETE /v1/link-requests/{id} */
export function withdrawLinkRoute(deps: UseCase): Route {
  return route(
    {
      method: "delete",
      path,
      summary: "Withdraw this device's request, or say that its answer was received",
      tag: "Directory",
      access: "session",
      audits: ["link.withdraw"],
      params,
      answers: { 204: { description: "Nothing of it is left" } },
      problems: ["link_request_not_found"],
    },
    async ({ who, params: { id } }) => {
      await withdrawLink(deps, who, id);
      return { status: 204 };
    },
  );
}
