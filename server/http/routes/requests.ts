import * as z from "zod/mini";
import {
  extendedRequest,
  newDecision,
  newExtension,
  newRequestFor,
  newRequestRules,
  recordedRequest,
  renewedLink,
  requestRulesVersion,
  shownRequestRules,
} from "../../../contract/request-handling.ts";
import {
  acknowledgedRequest,
  newRequest,
  shownRequest,
  shownRequests,
} from "../../../contract/requests.ts";
import { caseId, userParams } from "../../../contract/values.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { Actor } from "../../../policies/actor.ts";
import { HOUR_MS } from "../../../policies/erasure-window.ts";
import { decideOnRequest } from "../../../workflows/requests/decide-on-request.ts";
import { extendRequest } from "../../../workflows/requests/extend-request.ts";
import { openRequest, type AskedRequest } from "../../../workflows/requests/open-request.ts";
import { renewLink } from "../../../workflows/requests/renew-link.ts";
import { readRequestRules, setRequestRules } from "../../../workflows/requests/request-rules.ts";
import { listRequests, showRequest } from "../../../workflows/requests/show-requests.ts";
import type { StopDeps } from "../../../workflows/erasure/stop-erasure.ts";
import { withdrawRequest } from "../../../workflows/requests/withdraw-request.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

export interface RequestRoutesDeps extends UseCase, StopDeps {
  readonly newId: NewId;
  readonly publicUrl: string;
}

const requestParams = z.strictObject({ id: caseId });

/** The routes of what people ask for by law. */
export const requestRoutes = (deps: RequestRoutesDeps): readonly Route[] => [
  openRoute(deps),
  openForRoute(deps),
  listRoute(deps),
  showRoute(deps),
  extendRoute(deps),
  decideRoute(deps),
  withdrawRoute(deps),
  renewLinkRoute(deps),
  readRulesRoute(deps),
  setRulesRoute(deps),
];

const open = async (deps: RequestRoutesDeps, actor: Actor, asked: AskedRequest) => ({
  status: 201,
  body: await openRequest(deps, { actor }, asked),
});

const opening = [
  "forbidden",
  "device_required",
  "user_not_found",
  "right_not_available",
  "too_many_receipts",
] as const;

/** POST /v1/requests */
const openRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/requests",
      summary: "Ask for what the law gives you: a copy of your data, its erasure and the like",
      tag: "Requests",
      access: "session",
      audits: ["request.open"],
      body: newRequest,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The acknowledgement", schema: acknowledgedRequest } },
      problems: [...opening],
    },
    ({ who: { actor }, body }) =>
      open(deps, actor, { ...body, subject: actor.user, channel: "customer" }),
  );

/** POST /v1/users/{user}/requests */
const openForRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/users/{user}/requests",
      summary: "Record the request of somebody else, for example one that came by letter",
      tag: "Requests",
      access: "session",
      audits: ["request.open"],
      params: userParams,
      body: newRequestFor,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The acknowledgement", schema: recordedRequest } },
      problems: [...opening, "invalid_receipt"],
    },
    ({ who: { actor }, params: { user }, body }) =>
      open(deps, actor, { ...body, subject: user, channel: "staff" }),
  );

/** GET /v1/requests */
const listRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/requests",
      summary: "List requests: an officer those of the tenant, a customer their own",
      tag: "Requests",
      access: "session",
      audits: ["request.list"],
      query: z.strictObject({ all: z.optional(z.enum(["true", "false"])) }),
      answers: { 200: { description: "The last 200, the newest first", schema: shownRequests } },
      problems: ["forbidden"],
    },
    async ({ who: { actor }, query: { all } }) => ({
      status: 200,
      body: { requests: await listRequests(deps, { actor }, { all: all === "true" }) },
    }),
  );

/** GET /v1/requests/{id} */
const showRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/requests/{id}",
      summary: "Read a request",
      tag: "Requests",
      access: "session",
      audits: ["request.read"],
      params: requestParams,
      answers: { 200: { description: "The request", schema: shownRequest } },
      problems: ["request_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: await showRequest(deps, { actor }, id),
    }),
  );

/** POST /v1/requests/{id}/extension */
const extendRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/requests/{id}/extension",
      summary: "Extend the period of a request once, by what the law allows",
      tag: "Requests",
      access: "session",
      audits: ["request.extend"],
      params: requestParams,
      body: newExtension,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The new due date", schema: extendedRequest } },
      problems: ["forbidden", "device_required", "request_not_found", "not_extendable"],
    },
    async ({ who: { actor }, params: { id }, body: { reason } }) => ({
      status: 200,
      body: { dueAtMs: await extendRequest(deps, { actor }, { id, reason }) },
    }),
  );

/** POST /v1/requests/{id}/decision */
const decideRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/requests/{id}/decision",
      summary: "Accept, answer or refuse a request. An accepted erasure begins",
      tag: "Requests",
      access: "session",
      audits: ["request.decide"],
      params: requestParams,
      body: newDecision,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "It is decided" } },
      problems: [
        "forbidden",
        "device_required",
        "step_up_required",
        "request_not_found",
        "subject_unknown",
        "ground_required",
        "case_moved",
        "right_not_available",
        "last_administrator",
        "erasure_running",
      ],
    },
    async ({ who: { actor }, params: { id }, body: { windowHours, ...body } }) => {
      const windowMs = windowHours === undefined ? undefined : windowHours * HOUR_MS;
      await decideOnRequest(deps, { actor }, { id, ...body, windowMs });
      return { status: 204 };
    },
  );

/** POST /v1/requests/{id}/withdrawal */
const withdrawRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/requests/{id}/withdrawal",
      summary: "Withdraw a request of yours, or of a person who asks you to. Its erasure ends",
      tag: "Requests",
      access: "session",
      audits: ["request.withdraw"],
      params: requestParams,
      answers: { 204: { description: "It is withdrawn" } },
      problems: ["forbidden", "device_required", "request_not_found", "case_moved"],
    },
    async ({ who: { actor }, params: { id } }) => {
      await withdrawRequest(deps, { actor }, id);
      return { status: 204 };
    },
  );

/** POST /v1/requests/{id}/link */
const renewLinkRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/requests/{id}/link",
      summary: "Make a new link to the page of a request. It revokes the earlier ones",
      tag: "Requests",
      access: "session",
      audits: ["request.renew_link"],
      params: requestParams,
      answers: { 201: { description: "The link, for the person", schema: renewedLink } },
      problems: ["forbidden", "device_required", "request_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 201,
      body: { link: await renewLink(deps, { actor }, id) },
    }),
  );

/** GET /v1/request-rules */
const readRulesRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/request-rules",
      summary: "Read which law applies to whom, the time zone and the holidays",
      tag: "Requests",
      access: "session",
      audits: ["request.read_rules"],
      answers: { 200: { description: "The rules in force", schema: shownRequestRules } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({ status: 200, body: await readRequestRules(deps, { actor }) }),
  );

/** PUT /v1/request-rules */
const setRulesRoute = (deps: RequestRoutesDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/request-rules",
      summary: "Set which law applies to whom, the time zone and the holidays",
      tag: "Requests",
      access: "session",
      audits: ["request.set_rules"],
      body: newRequestRules,
      bodyLimit: bodyLimits.policyVersion,
      answers: { 200: { description: "The version", schema: requestRulesVersion } },
      problems: ["forbidden", "device_required", "invalid_request_rules"],
    },
    async ({ who: { actor }, body }) => ({
      status: 200,
      body: { version: await setRequestRules(deps, { actor }, body) },
    }),
  );
