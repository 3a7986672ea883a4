import * as z from "zod/mini";
import { shownCase, shownCases } from "../../../contract/cases.ts";
import { caseId } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { repeatStep } from "../../../workflows/cases/repeat-step.ts";
import { listCases, showCase } from "../../../workflows/cases/show-cases.ts";
import { route, type Route } from "../route.ts";

const caseParams = z.strictObject({ id: caseId });

/** The routes of cases. */
export const caseRoutes = (deps: UseCase): readonly Route[] => [
  listRoute(deps),
  showRoute(deps),
  repeatRoute(deps),
];

/** GET /v1/cases */
const listRoute = (deps: UseCase): Route =>
  route(
    {
      method: "get",
      path: "/v1/cases",
      summary: "List cases: work that takes long, how far it is, and what it waits for",
      tag: "Requests",
      access: "session",
      audits: ["case.list"],
      query: z.strictObject({ all: z.optional(z.enum(["true", "false"])) }),
      answers: { 200: { description: "The last 200, the newest first", schema: shownCases } },
      problems: ["forbidden"],
    },
    async ({ who: { actor }, query: { all } }) => ({
      status: 200,
      body: { cases: await listCases(deps, { actor }, { all: all === "true" }) },
    }),
  );

/** GET /v1/cases/{id} */
const showRoute = (deps: UseCase): Route =>
  route(
    {
      method: "get",
      path: "/v1/cases/{id}",
      summary: "Read a case and its steps",
      tag: "Requests",
      access: "session",
      audits: ["case.read"],
      params: caseParams,
      answers: { 200: { description: "The case", schema: shownCase } },
      problems: ["case_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: await showCase(deps, { actor }, id),
    }),
  );

/** POST /v1/cases/{id}/repetition */
const repeatRoute = (deps: UseCase): Route =>
  route(
    {
      method: "post",
      path: "/v1/cases/{id}/repetition",
      summary: "Have the step that failed tried again at once",
      tag: "Requests",
      access: "session",
      audits: ["case.repeat"],
      params: caseParams,
      answers: { 204: { description: "The case goes on from where it stopped" } },
      problems: ["forbidden", "device_required", "case_not_found", "case_not_pending"],
    },
    async ({ who: { actor }, params: { id } }) => {
      await repeatStep(deps, { actor }, id);
      return { status: 204 };
    },
  );
