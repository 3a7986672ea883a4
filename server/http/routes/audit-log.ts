import { once } from "node:events";
import { z } from "zod";
import { LogError } from "../../../audit/verify/log-error.ts";
import { fromUtf8 } from "../../../crypto/wire/bytes.ts";
import { followLog } from "../../../keys/audit-log/follow-log.ts";
import type { LogReader } from "../../../keys/audit-log/log-reader.ts";
import { searchEntries } from "../../../keys/audit-log/search-entries.ts";
import type { UseCase } from "../../../keys/audited.ts";
import { HttpError } from "../http-error.ts";
import { route, streamRoute, type Route, type StreamRoute } from "../route.ts";
import { auditPage, auditQuery, entryIndex } from "./audit-schemas.ts";

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

/** Each tail polls twice a second. */
const MOST_FOLLOWERS = 32;

/** GET /v1/audit/tail: server-sent events. */
export function tailAuditRoute(deps: UseCase, stopping: AbortSignal): StreamRoute {
  let followers = 0;
  return streamRoute(
    {
      method: "get",
      path: "/v1/audit/tail",
      summary: "Follow the tenant's audit log as it grows (server-sent events)",
      tag: "Audit",
      access: "session",
      audits: ["audit.tail"],
      query: z.strictObject({ after: entryIndex.optional() }),
      headers: z.object({ "last-event-id": entryIndex.optional() }),
      answers: {
        200: {
          description:
            "Each event's id is an entry's index, its data the entry as it is hashed. The answer ends with the access token: renew it and ask again with Last-Event-ID",
          bytes: true,
          type: "text/event-stream",
        },
      },
      problems: ["forbidden", "rate_limited"],
    },
    async ({ who, query, headers, requestId }, _request, response) => {
      if (followers >= MOST_FOLLOWERS)
        throw new HttpError("rate_limited", "Too many follow the log on this node.");
      const closed = new AbortController();
      response.once("close", () => closed.abort());
      const servesMs = Math.max(0, who.tokenExpiresAtMs - deps.now());
      const signal = AbortSignal.any([closed.signal, stopping, AbortSignal.timeout(servesMs)]);
      followers++;
      try {
        const after = headers["last-event-id"] ?? query.after;
        const pages = await followLog({ ...deps, requestId }, who.actor, { after, signal });
        response.writeHead(200, {
          "Content-Type": "text/event-stream",
          "Cache-Control": "no-store, no-transform",
          "X-Accel-Buffering": "no",
        });
        response.write(": open\n\n");
        for await (const page of pages) {
          const events = page.map(
            ({ index, entry }) => `id: ${index}\ndata: ${fromUtf8(entry)}\n\n`,
          );
          if (!response.write(events.join("")))
            await once(response, "drain", { signal }).catch(() => undefined);
        }
        response.end();
      } finally {
        followers--;
      }
    },
  );
}
