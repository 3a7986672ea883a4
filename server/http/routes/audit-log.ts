import { z } from "zod";
import { LogError } from "../../../audit/verify/log-error.ts";
import type { LogReader } from "../../../keys/audit-log/log-reader.ts";
import { searchEntries } from "../../../keys/audit-log/search-entries.ts";
import type { UseCase } from "../../../keys/audited.ts";
import { HttpError } from "../http-error.ts";
import { route, streamRoute, type Route, type StreamRoute } from "../route.ts";
import { auditPage, auditQuery } from "./audit-schemas.ts";

/** GET /v1/audit/log/...: the files of a log in the format of C2SP tlog-tiles. */
export function auditTilesRoute(reader: LogReader): StreamRoute {
  return streamRoute(
    {
      method: "get",
      path: "/v1/audit/log/{path*}",
      summary: "Read the files of the tenant's audit log (C2SP tlog-tiles)",
      tag: "Audit",
      access: "session",
      audits: ["audit.read_tiles"],
      isUnlimited: true,
      params: z.object({
        path: z.string().max(100).meta({
          description: "`checkpoint`, `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`",
        }),
      }),
      answers: { 200: { description: "The checkpoint, or the bytes of a tile", bytes: true } },
      problems: ["forbidden", "not_found"],
    },
    async ({ who, params: { path } }, _request, response) => {
      const bytes = await reader.read(who.actor, path).catch(asNotFound);
      if (bytes === undefined)
        throw new HttpError("not_found", "The log has no such file, or not yet.");
      const isText = path === "checkpoint";
      response.writeHead(200, {
        "Content-Type": isText ? "text/plain; charset=utf-8" : "application/octet-stream",
        "Content-Length": bytes.length,
      });
      response.end(bytes);
    },
  );
}

function asNotFound(error: unknown): undefined {
  if (error instanceof LogError && error.code === "malformed") return undefined;
  throw error;
}

/** GET /v1/audit/entries */
export function searchAuditRoute(deps: UseCase): Route {
  return route(
    {
      method: "get",
      path: "/v1/audit/entries",
      summary: "Search the tenant's audit log",
      tag: "Audit",
      access: "session",
      audits: ["audit.search"],
      query: auditQuery,
      answers: { 200: { description: "A page, in the order of the log", schema: auditPage } },
      problems: ["forbidden"],
    },
    async ({ who, query, requestId }) => {
      const { from, until, after, limit, ...rest } = query;
      const filter = { ...rest, fromMs: from, untilMs: until };
      const page = { after, limit };
      return {
        status: 200,
        body: await searchEntries({ ...deps, requestId }, who.actor, filter, page),
      };
    },
  );
}
