import * as z from "zod/mini";
import { documentation } from "../../../contract/documentation.ts";
import { readyWarnings, type Readiness } from "../../readiness.ts";
import { HttpError } from "../http-error.ts";
import { route, type Route } from "../route.ts";

const state = z.object({ status: z.literal("ok") });
const ready = z.object({
  status: z.literal("ok"),
  warnings: z.optional(z.array(z.enum(readyWarnings))).register(documentation, {
    description: "What somebody must look at, while the server serves on",
  }),
});

/** GET /healthz: answers while the process runs. */
export function healthRoute(): Route {
  return route(
    {
      method: "get",
      path: "/healthz",
      summary: "Whether the process is alive",
      tag: "Service",
      access: "public",
      audits: { nothing: "it tells of nobody" },
      answers: { 200: { description: "It is", schema: state } },
    },
    () => Promise.resolve({ status: 200, body: { status: "ok" } }),
  );
}

/**
 * GET /readyz: answers whether requests can be served now.
 * @param readiness returns whether they can
 */
export function readyRoute(readiness: () => Promise<Readiness>): Route {
  return route(
    {
      method: "get",
      path: "/readyz",
      summary: "Whether the server can serve requests now",
      tag: "Service",
      access: "public",
      audits: { nothing: "it tells of nobody" },
      answers: { 200: { description: "It can", schema: ready } },
      problems: ["not_ready", "audit_log_behind"],
    },
    async () => {
      const { reasons, warnings } = await readiness();
      // Waiting does not help against this one.
      if (reasons[0] === "audit_log_behind")
        throw new HttpError(
          "audit_log_behind",
          "The database has fewer audit entries than were published. If you restored a backup, follow docs/restore.md.",
          { reasons },
        );
      if (reasons.length > 0)
        throw new HttpError("not_ready", "The server cannot serve requests now.", { reasons });
      return { status: 200, body: { status: "ok", ...(warnings.length > 0 && { warnings }) } };
    },
  );
}
