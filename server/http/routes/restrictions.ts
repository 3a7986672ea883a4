import * as z from "zod/mini";
import {
  announcedLifting,
  newLifting,
  newRestriction,
  placedRestriction,
  restrictions,
  restrictionsQuery,
} from "../../../contract/restrictions.ts";
import { caseId } from "../../../contract/values.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { noticeMs, RESTRICTION_PROVISION } from "../../../policies/restriction-notice.ts";
import { announceLifting } from "../../../workflows/restrictions/announce-lifting.ts";
import { listRestrictions } from "../../../workflows/restrictions/list-restrictions.ts";
import { placeRestriction } from "../../../workflows/restrictions/place-restriction.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

interface RestrictionRoutesDeps extends UseCase {
  readonly newId: NewId;
}

/** The routes of restrictions of processing. */
export const restrictionRoutes = (deps: RestrictionRoutesDeps): readonly Route[] => [
  placeRoute(deps),
  listRoute(deps),
  liftRoute(deps),
];

/** POST /v1/restrictions */
const placeRoute = (deps: RestrictionRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/restrictions",
      summary: "Restrict the processing of a person's conversations, at once",
      tag: "Restrictions",
      access: "session",
      audits: ["restriction.place"],
      body: newRestriction,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The restriction", schema: placedRestriction } },
      problems: [
        "forbidden",
        "device_required",
        "subject_not_found",
        "nothing_to_restrict",
        "invalid_restriction",
      ],
    },
    async ({ who: { actor }, body: { law = RESTRICTION_PROVISION, ...rest } }) => ({
      status: 201,
      body: await placeRestriction(deps, { actor }, { ...rest, law }),
    }),
  );

/** GET /v1/restrictions */
const listRoute = (deps: RestrictionRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/restrictions",
      summary: "List restrictions of processing: officers all, customers their own",
      tag: "Restrictions",
      access: "session",
      audits: ["restriction.list"],
      query: restrictionsQuery,
      answers: { 200: { description: "The last 200, the newest first", schema: restrictions } },
      problems: ["forbidden"],
    },
    async ({ who: { actor }, query: { all } }) => ({
      status: 200,
      body: { restrictions: await listRestrictions(deps, { actor }, { all: all === "true" }) },
    }),
  );

/** POST /v1/restrictions/{id}/lifting */
const liftRoute = (deps: RestrictionRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/restrictions/{id}/lifting",
      summary: "Announce the end of a restriction to the person. The server then lifts it",
      tag: "Restrictions",
      access: "session",
      audits: ["restriction.announce_lifting"],
      params: z.strictObject({ id: caseId }),
      body: newLifting,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "When it ends", schema: announcedLifting } },
      problems: ["forbidden", "device_required", "restriction_not_found", "case_moved"],
    },
    async ({ who: { actor }, params: { id }, body: { noticeHours } }) => ({
      status: 200,
      body: {
        liftsAtMs: await announceLifting(deps, { actor }, { id, noticeMs: noticeMs(noticeHours) }),
      },
    }),
  );
