import { z } from "zod";
import type { DirectoryDeps } from "../../../keys/accounts/profiles.ts";
import { listStaff, STAFF_PER_PAGE } from "../../../keys/accounts/staff.ts";
import { uuid } from "../json-bytes.ts";
import { route, type Route } from "../route.ts";
import { staffRole } from "./session-schemas.ts";

const staff = z
  .strictObject({
    staff: z.array(
      z.strictObject({ id: uuid, role: staffRole, displayName: z.string().nullable() }),
    ),
    next: uuid.nullable().meta({
      type: ["string", "null"],
      description: "What to pass as `after` for the next page; null at the end of the list",
    }),
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
      query: z.strictObject({ role: staffRole.optional(), after: uuid.optional() }),
      answers: { 200: { description: "A page of the staff in order of id", schema: staff } },
      problems: ["forbidden"],
    },
    async ({ who, query, requestId }) => {
      const page = await listStaff({ ...deps, requestId }, who.actor, query);
      const last = page.length === STAFF_PER_PAGE ? page.at(-1) : undefined;
      return { status: 200, body: { staff: page, next: last?.id ?? null } };
    },
  );
}
