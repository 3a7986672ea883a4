import { z } from "zod";
import { HttpError } from "../http-error.ts";
import { route, type Route } from "../route.ts";

const state = z.strictObject({ status: z.literal("ok") });

/** GET /healthz: the process answers. */
export function healthRoute(): Route {
  return route(
    {
      method: "get",
      path: "/healthz",
      summary: "Whether the process is alive",
      tag: "Service",
      access: "public",
      answers: { 200: { description: "It is", schema: state } },
    },
    () => Promise.resolve({ status: 200, body: { status: "ok" } }),
  );
}

/** GET /readyz: requests can be served now. @param isReady rejects or says false when they cannot. */
export function readyRoute(isReady: () => Promise<boolean>): Route {
  return route(
    {
      method: "get",
      path: "/readyz",
      summary: "Whether the server can serve requests now",
      tag: "Service",
      access: "public",
      answers: { 200: { description: "It can", schema: state } },
      problems: ["not_ready"],
    },
    async () => {
      if (!(await isReady().catch(() => false)))
        throw new HttpError(
          "not_ready",
          "The database is not reachable, or the server is stopping.",
        );
      return { status: 200, body: { status: "ok" } };
    },
  );
}
