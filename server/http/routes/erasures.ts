import * as z from "zod/mini";
import {
  begunErasure,
  erasurePlan,
  erasurePlanQuery,
  newErasure,
  shownErasure,
} from "../../../contract/erasures.ts";
import { caseId, userParams } from "../../../contract/values.ts";
import type { Pool } from "../../../db/pool.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { HOUR_MS, USUAL_WINDOW_MS } from "../../../policies/erasure-window.ts";
import { erasureProvisions } from "../../../policies/erasures.ts";
import { beginErasure } from "../../../workflows/erasure/begin-erasure.ts";
import type { Keeping } from "../../../workflows/erasure/held-scopes.ts";
import { planErasure } from "../../../workflows/erasure/plan-erasure.ts";
import { readCertificate } from "../../../workflows/erasure/read-certificate.ts";
import { showErasure } from "../../../workflows/erasure/show-erasure.ts";
import type { StopDeps } from "../../../workflows/erasure/stop-erasure.ts";
import { withdrawErasure } from "../../../workflows/erasure/withdraw-erasure.ts";
import { bodyLimits } from "../../limits.ts";
import { route, streamRoute, type AnyRoute } from "../route.ts";

export interface ErasureRoutesDeps extends UseCase, StopDeps {
  /** The pool of the keystore if it has its own database. */
  readonly keystore: Pool | undefined;
}

const erasureParams = z.strictObject({ id: caseId });

/** The routes of erasures. */
export const erasureRoutes = (deps: ErasureRoutesDeps): readonly AnyRoute[] => [
  planRoute(deps),
  beginRoute(deps),
  showRoute(deps),
  certificateRoute(deps),
  withdrawRoute(deps),
];

const shown = (keeping: Keeping | undefined) =>
  keeping === undefined
    ? null
    : { ...keeping, ground: keeping.holding === undefined ? "retention_lock" : "legal_hold" };

/** GET /v1/users/{user}/erasure-plan */
const planRoute = (deps: ErasureRoutesDeps): AnyRoute =>
  route(
    {
      method: "get",
      path: "/v1/users/{user}/erasure-plan",
      summary: "See what an erasure would destroy, and what is kept on which ground",
      tag: "Erasures",
      access: "session",
      audits: ["erasure.plan"],
      params: userParams,
      query: erasurePlanQuery,
      answers: { 200: { description: "The plan of this moment", schema: erasurePlan } },
      problems: ["forbidden", "subject_not_found"],
    },
    async ({ who: { actor }, params: { user }, query: { law = erasureProvisions.gdpr } }) => {
      const { scopes, account } = await planErasure(deps, { actor }, { subject: user, law });
      return {
        status: 200,
        body: {
          scopes: scopes.map((scope) => ({ ...scope, keeping: shown(scope.keeping) })),
          account: { ...account, keeping: shown(account.keeping) },
        },
      };
    },
  );

/** POST /v1/users/{user}/erasures */
const beginRoute = (deps: ErasureRoutesDeps): AnyRoute =>
  route(
    {
      method: "post",
      path: "/v1/users/{user}/erasures",
      summary: "Begin the erasure of a person. The account is fenced at once",
      tag: "Erasures",
      access: "session",
      audits: ["erasure.begin"],
      params: userParams,
      body: newErasure,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The id of its case", schema: begunErasure } },
      problems: [
        "forbidden",
        "device_required",
        "step_up_required",
        "subject_not_found",
        "invalid_receipt",
        "last_administrator",
        "erasure_running",
      ],
    },
    async ({ who: { actor }, params: { user: subject }, body }) => {
      const { windowHours, law = erasureProvisions.gdpr, ...rest } = body;
      const windowMs = windowHours === undefined ? USUAL_WINDOW_MS : windowHours * HOUR_MS;
      const id = await beginErasure(deps, { actor }, { ...rest, subject, law, windowMs });
      return { status: 201, body: { id } };
    },
  );

/** GET /v1/erasures/{id} */
const showRoute = (deps: ErasureRoutesDeps): AnyRoute =>
  route(
    {
      method: "get",
      path: "/v1/erasures/{id}",
      summary: "Read how far an erasure is, and what became of each item",
      tag: "Erasures",
      access: "session",
      audits: ["erasure.show"],
      params: erasureParams,
      answers: { 200: { description: "The erasure", schema: shownErasure } },
      problems: ["forbidden", "case_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: await showErasure(deps, { actor }, id),
    }),
  );

/** GET /v1/erasures/{id}/certificate */
const certificateRoute = (deps: ErasureRoutesDeps): AnyRoute =>
  streamRoute(
    {
      method: "get",
      path: "/v1/erasures/{id}/certificate",
      summary: "Read the certificate of an erasure: the signed JSON file",
      tag: "Erasures",
      access: "session",
      audits: ["erasure.read"],
      params: erasureParams,
      answers: {
        200: { description: "The file, which anybody can verify offline", bytes: true },
      },
      problems: ["forbidden", "case_not_found", "certificate_not_found"],
    },
    async ({ who: { actor }, params: { id } }, _request, response) => {
      const file = await readCertificate(deps, { actor }, id);
      response.writeHead(200, {
        "Content-Type": "application/json",
        "Content-Disposition": 'attachment; filename="certificate.json"',
        "Content-Length": file.length,
      });
      response.end(file);
    },
  );

/** POST /v1/erasures/{id}/withdrawal */
const withdrawRoute = (deps: ErasureRoutesDeps): AnyRoute =>
  route(
    {
      method: "post",
      path: "/v1/erasures/{id}/withdrawal",
      summary: "End an erasure at the wish of the person, while its plan can be contested",
      tag: "Erasures",
      access: "session",
      audits: ["erasure.withdraw"],
      params: erasureParams,
      answers: { 204: { description: "Nothing is erased, and the account is as it was" } },
      problems: ["forbidden", "device_required", "case_not_found", "case_moved"],
    },
    async ({ who: { actor }, params: { id } }) => {
      await withdrawErasure(deps, { actor }, id);
      return { status: 204 };
    },
  );
