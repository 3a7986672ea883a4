import { auditPage, auditQuery, logFileParams } from "../../../contract/audit.ts";
import { assertActionFilter } from "../../../audit/export/action-filter.ts";
import { LogError } from "../../../audit/verify/log-error.ts";
import type { LogReading } from "../../../identity/audit-log/follow-log.ts";
import type { LogReader } from "../../../identity/audit-log/log-reader.ts";
import { searchEntries } from "../../../identity/audit-log/search-entries.ts";
import { HttpError } from "../http-error.ts";
import { route, streamRoute, type Route, type StreamRoute } from "../route.ts";

/** Why a log that was altered or rewound in the database is not read. */
export const logRefusals = [
  "audit_log_altered",
  "audit_log_behind",
  "audit_log_inconsistent",
  "audit_checkpoint_invalid",
] as const;

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
      params: logFileParams,
      answers: { 200: { description: "The checkpoint, or the bytes of a tile", bytes: true } },
      problems: ["forbidden", "not_found", ...logRefusals],
    },
    async ({ who, params: { path } }, _request, response) => {
      const bytes = await reader.read(who.actor, path).catch(asNotFound);
      if (bytes === undefined)
        throw new HttpError("not_found", "The log has no such file, or not yet.");
      const isText = path === "checkpoint" || path.startsWith("restore/");
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
export function searchAuditRoute(deps: LogReading): Route {
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
      problems: ["forbidden", "audit_action_unknown", ...logRefusals],
    },
    async ({ who, query, requestId }) => {
      const { from, until, after, limit, ...rest } = query;
      assertActionFilter(rest.action);
      const filter = { ...rest, fromMs: from, untilMs: until };
      const page = { after, limit };
      return {
        status: 200,
        body: await searchEntries({ ...deps, requestId }, who.actor, filter, page),
      };
    },
  );
}
