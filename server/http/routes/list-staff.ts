import { staffPage, staffQuery } from "../../../contract/staff.ts";
import type { DirectoryDeps } from "../../../identity/accounts/profiles.ts";
import { listStaff, STAFF_PER_PAGE } from "../../../identity/accounts/staff.ts";
import { route, type Route } from "../route.ts";

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
      query: staffQuery,
      answers: { 200: { description: "A page of the staff in order of id", schema: staffPage } },
      problems: ["forbidden"],
    },
    async ({ who, query, requestId }) => {
      const page = await listStaff({ ...deps, requestId }, who.actor, query);
      const last = page.length === STAFF_PER_PAGE ? page.at(-1) : undefined;
      return { status: 200, body: { staff: page, next: last?.id ?? null } };
    },
  );
}
