import * as z from "zod/mini";
import {
  breachList,
  exposedSubjects,
  exposedSubjectsQuery,
  newBreach,
  newBreachStep,
  newClosure,
  openedBreach,
  shownBreach,
} from "../../../contract/breaches.ts";
import { caseId } from "../../../contract/values.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { closeBreach } from "../../../workflows/breaches/close-breach.ts";
import { openBreach } from "../../../workflows/breaches/open-breach.ts";
import { takeBreachStep } from "../../../workflows/breaches/take-step.ts";
import {
  listBreaches,
  listExposedSubjects,
  showBreach,
} from "../../../workflows/breaches/show-breach.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

interface BreachRoutesDeps extends UseCase {
  readonly newId: NewId;
}

const breachParams = z.strictObject({ id: caseId });

/** The routes of breaches. */
export const breachRoutes = (deps: BreachRoutesDeps): readonly Route[] => [
  openRoute(deps),
  listRoute(deps),
  showRoute(deps),
  subjectsRoute(deps),
  stepRoute(deps),
  closeRoute(deps),
];

/** POST /v1/breaches */
const openRoute = (deps: BreachRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/breaches",
      summary: "Open the case of a breach. The server assesses at once what it exposes",
      tag: "Breaches",
      access: "session",
      audits: ["breach.open"],
      body: newBreach,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The id of the case", schema: openedBreach } },
      problems: ["forbidden", "device_required", "invalid_breach"],
    },
    async ({ who: { actor }, body }) => ({
      status: 201,
      body: { id: await openBreach(deps, { actor }, body) },
    }),
  );

/** GET /v1/breaches */
const listRoute = (deps: BreachRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/breaches",
      summary: "List the breaches",
      tag: "Breaches",
      access: "session",
      audits: ["breach.list"],
      answers: { 200: { description: "The last 200, the newest first", schema: breachList } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: { breaches: await listBreaches(deps, { actor }) },
    }),
  );

/** GET /v1/breaches/{id} */
const showRoute = (deps: BreachRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/breaches/{id}",
      summary: "Read a breach: what it exposes, the clocks, the runbook and drafts of the notices",
      tag: "Breaches",
      access: "session",
      audits: ["breach.read"],
      params: breachParams,
      answers: { 200: { description: "The breach", schema: shownBreach } },
      problems: ["forbidden", "case_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: await showBreach(deps, { actor }, id),
    }),
  );

/** GET /v1/breaches/{id}/subjects */
const subjectsRoute = (deps: BreachRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/breaches/{id}/subjects",
      summary: "List the accounts about which a breach exposes something, by their ids",
      tag: "Breaches",
      access: "session",
      audits: ["breach.read_subjects"],
      params: breachParams,
      query: exposedSubjectsQuery,
      answers: { 200: { description: "One page, by id", schema: exposedSubjects } },
      problems: ["forbidden", "case_not_found"],
    },
    async ({ who: { actor }, params: { id }, query: { after } }) => ({
      status: 200,
      body: await listExposedSubjects(deps, { actor }, { id, after }),
    }),
  );

/** POST /v1/breaches/{id}/steps */
const stepRoute = (deps: BreachRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/breaches/{id}/steps",
      summary:
        "Have the server contain a breach, or record what is known and which notices were sent",
      tag: "Breaches",
      access: "session",
      audits: [
        [
          "breach.begin_step",
          "breach.record_taken",
          "breach.record_classification",
          "breach.record_notice",
          "breach.waive_notice",
        ],
      ],
      params: breachParams,
      body: newBreachStep,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "It is recorded, or the server takes the step now" } },
      problems: [
        "forbidden",
        "device_required",
        "step_up_required",
        "case_not_found",
        "case_moved",
        "invalid_breach",
        "notice_not_due",
      ],
    },
    async ({ who: { actor }, params: { id }, body }) => {
      await takeBreachStep(deps, { actor }, id, body);
      return { status: 204 };
    },
  );

/** POST /v1/breaches/{id}/closure */
const closeRoute = (deps: BreachRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/breaches/{id}/closure",
      summary: "Close a breach, after everything was done, sent or found not to be due",
      tag: "Breaches",
      access: "session",
      audits: ["breach.close"],
      params: breachParams,
      body: newClosure,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "It is closed for good" } },
      problems: [
        "forbidden",
        "device_required",
        "step_up_required",
        "case_not_found",
        "case_moved",
        "invalid_breach",
        "breach_not_finished",
      ],
    },
    async ({ who: { actor }, params: { id }, body: { reason } }) => {
      await closeBreach(deps, { actor }, { id, reason });
      return { status: 204 };
    },
  );
