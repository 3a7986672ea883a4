import { z } from "zod";
import type { DirectoryDeps } from "../../../keys/accounts/profiles.ts";
import { listStaff } from "../../../keys/accounts/staff.ts";
import { uuid } from "../json-bytes.ts";
import { route, type Route } from "../route.ts";
import { staffRole } from "./session-schemas.ts";

const staff = z
  .strictObject({
    staff: z.array(
      z.strictObject({ id: uuid, role: staffRole, displayName: z.string().nullable() }),
    ),
  })
  .meta({ id: "Staff" });

/** GET /v1/staff */
export function listStaffRoute(deps: DirectoryDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/staff",
      summary: "List the tenant's staff, for choosing whom to write to",
      tag: "Directory",
      access: "session",
      audits: ["staff.list"],
      query: z.strictObject({ role: staffRole.optional() }),
      answers: { 200: { description: "Staff in order of id", schema: staff } },
      problems: ["forbidden"],
    },
    async ({ who, query, requestId }) => ({
      status: 200,
      body: { staff: await listStaff({ ...deps, requestId }, who.actor, query.role) },
    }),
  );
}
