import * as z from "zod/mini";
import {
  holds,
  holdsQuery,
  matchAnswer,
  newHold,
  newHoldReview,
  newRelease,
  placedHold,
  potentialMatches,
  reopenedErasures,
  requestedRelease,
  shownHold,
} from "../../../contract/holds.ts";
import { holdId, idParams } from "../../../contract/values.ts";
import { placeHold, type PlaceHoldDeps } from "../../../workflows/holds/place-hold.ts";
import { answerMatch, listPotentialMatches } from "../../../workflows/holds/potential-matches.ts";
import { requestRelease } from "../../../workflows/holds/release-hold.ts";
import { listHolds, reviewHold, showHold } from "../../../workflows/holds/review-hold.ts";
import { attendErasure, listWaitingErasures } from "../../../workflows/holds/waiting-erasures.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

type HoldRoutesDeps = PlaceHoldDeps;

const holdParams = z.strictObject({ id: holdId });

/** The routes of legal holds. A release is approved by the routes of approvals. */
export const holdRoutes = (deps: HoldRoutesDeps): readonly Route[] => [
  placeRoute(deps),
  listRoute(deps),
  showRoute(deps),
  reviewRoute(deps),
  releaseRoute(deps),
  listReopenedRoute(deps),
  attendRoute(deps),
  listMatchesRoute(deps),
  answerMatchRoute(deps),
];

/** POST /v1/holds */
const placeRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/holds",
      summary: "Place a legal hold, which is in force at once",
      tag: "Holds",
      access: "session",
      audits: ["hold.place"],
      body: newHold,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The hold", schema: placedHold } },
      problems: ["forbidden", "device_required", "invalid_hold"],
    },
    async ({ who: { actor }, body }) => ({
      status: 201,
      body: await placeHold(deps, { actor }, body),
    }),
  );

/** GET /v1/holds */
const listRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/holds",
      summary: "List the legal holds that you may read",
      tag: "Holds",
      access: "session",
      audits: ["hold.list"],
      query: holdsQuery,
      answers: { 200: { description: "One page, the newest first", schema: holds } },
      problems: ["forbidden"],
    },
    async ({ who: { actor }, query: { after } }) => ({
      status: 200,
      body: await listHolds(deps, { actor }, after),
    }),
  );

/** GET /v1/holds/{id} */
const showRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/holds/{id}",
      summary: "Read a legal hold with its matter",
      tag: "Holds",
      access: "session",
      audits: ["hold.read"],
      params: holdParams,
      answers: { 200: { description: "The hold", schema: shownHold } },
      problems: ["forbidden", "hold_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: await showHold(deps, { actor }, id),
    }),
  );

/** PUT /v1/holds/{id}/review-date */
const reviewRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/holds/{id}/review-date",
      summary: "Record a review of a legal hold, and the date of the next one",
      tag: "Holds",
      access: "session",
      audits: ["hold.review"],
      params: holdParams,
      body: newHoldReview,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "It is recorded" } },
      problems: ["forbidden", "device_required", "hold_not_found", "hold_released", "invalid_hold"],
    },
    async ({ who: { actor }, params: { id }, body: { reviewAtMs } }) => {
      await reviewHold(deps, { actor }, { id, reviewAtMs });
      return { status: 204 };
    },
  );

/** POST /v1/holds/{id}/release */
const releaseRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/holds/{id}/release",
      summary: "Ask that a legal hold ends, which another person must approve",
      tag: "Holds",
      access: "session",
      audits: ["hold.request_release"],
      params: holdParams,
      body: newRelease,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The request", schema: requestedRelease } },
      problems: ["forbidden", "device_required", "hold_not_found", "hold_released"],
    },
    async ({ who: { actor }, params: { id: hold }, body: { reason } }) => ({
      status: 201,
      body: await requestRelease(deps, { actor }, { hold, reason }),
    }),
  );

/** GET /v1/reopened-erasures */
const listReopenedRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/reopened-erasures",
      summary: "List the erasures that wait for an officer since their holds were released",
      tag: "Holds",
      access: "session",
      audits: ["hold.list_reopened"],
      answers: { 200: { description: "The most urgent first", schema: reopenedErasures } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: { erasures: await listWaitingErasures(deps, { actor }) },
    }),
  );

/** POST /v1/reopened-erasures/{id}/attendance */
const attendRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/reopened-erasures/{id}/attendance",
      summary: "See to a re-opened erasure",
      tag: "Holds",
      access: "session",
      audits: ["hold.attend_erasure"],
      params: idParams,
      answers: {
        204: {
          description:
            "It is recorded who sees to the erasure. What the hold kept is erased by another erasure of the person",
        },
      },
      problems: ["forbidden", "device_required", "reopened_erasure_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => {
      await attendErasure(deps, { actor }, id);
      return { status: 204 };
    },
  );

/** GET /v1/potential-matches */
const listMatchesRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/potential-matches",
      summary: "List new accounts that may be those of erased people whose data a hold keeps",
      tag: "Holds",
      access: "session",
      audits: ["hold.list_matches"],
      answers: {
        200: {
          description: "Those that wait for an answer, the newest first",
          schema: potentialMatches,
        },
      },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: { matches: await listPotentialMatches(deps, { actor }) },
    }),
  );

/** POST /v1/potential-matches/{id}/answer */
const answerMatchRoute = (deps: HoldRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/potential-matches/{id}/answer",
      summary: "Say whether a new account is that of the erased person",
      tag: "Holds",
      access: "session",
      audits: ["hold.answer_match"],
      params: idParams,
      body: matchAnswer,
      bodyLimit: bodyLimits.small,
      answers: {
        204: { description: "It is recorded. If they are linked, the hold covers the new account" },
      },
      problems: ["forbidden", "device_required", "match_not_found", "hold_released"],
    },
    async ({ who: { actor }, params: { id }, body: { answer } }) => {
      await answerMatch(deps, { actor }, { id, answer });
      return { status: 204 };
    },
  );
