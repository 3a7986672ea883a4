import * as z from "zod/mini";
import { erasureNotices } from "../../../contract/erasure-notices.ts";
import { caseId } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { acknowledgeErasure } from "../../../workflows/erasure/notices/acknowledge.ts";
import { readErasureNotices } from "../../../workflows/erasure/notices/read-notices.ts";
import type { SupplementDeps } from "../../../workflows/erasure/notices/supplement.ts";
import { route, type Route } from "../route.ts";

type Deps = UseCase & SupplementDeps;

/** The routes by which a device learns what it must remove, and says that it has. */
export const erasureNoticeRoutes = (deps: Deps): readonly Route[] => [
  readRoute(deps),
  acknowledgeRoute(deps),
];

/** GET /v1/devices/current/erasures */
const readRoute = (deps: Deps): Route =>
  route(
    {
      method: "get",
      path: "/v1/devices/current/erasures",
      summary: "Read what was erased and this device has not removed yet, with proofs",
      tag: "Requests",
      access: "session",
      audits: { nothing: "it reads what is one's own" },
      answers: { 200: { description: "What to remove", schema: erasureNotices } },
      problems: ["device_required", "audit_log_altered", "audit_log_behind"],
    },
    async ({ who: { actor } }) => ({ status: 200, body: await readErasureNotices(deps, actor) }),
  );

/** POST /v1/devices/current/erasures/{id}/acknowledgement */
const acknowledgeRoute = (deps: Deps): Route =>
  route(
    {
      method: "post",
      path: "/v1/devices/current/erasures/{id}/acknowledgement",
      summary: "Say that this device has removed its copies of what was erased",
      tag: "Requests",
      access: "session",
      audits: ["erasure.supplement", "erasure.acknowledge"],
      params: z.strictObject({ id: caseId }),
      answers: { 204: { description: "It is recorded" } },
      problems: ["device_required", "case_not_found", "audit_log_altered", "audit_log_behind"],
    },
    async ({ who: { actor }, params: { id } }) => {
      await acknowledgeErasure(deps, actor, id);
      return { status: 204 };
    },
  );
