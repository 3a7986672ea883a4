import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { AuditError } from "../../../audit/audit-error.ts";
import { assertActionFilter } from "../../../audit/export/action-filter.ts";
import { onOneLine, readEntry } from "../../../audit/export/entry-text.ts";
import type { IndexedEntry } from "../../../audit/read/checked-log.ts";
import { LogError } from "../../../audit/verify/log-error.ts";
import {
  accountNames,
  accountsQuery,
  accountsThen,
  auditPage,
  auditQuery,
  disclosures,
  disclosuresQuery,
  logFileParams,
  namesQuery,
  tailHeaders,
  tailQuery,
} from "../../../contract/audit.ts";
import type { DirectoryDeps } from "../../../identity/accounts/profiles.ts";
import { readAccountNames } from "../../../identity/audit-log/account-names.ts";
import { readDisclosures } from "../../../identity/audit-log/read-disclosures.ts";
import { followLog, type LogReading } from "../../../identity/audit-log/follow-log.ts";
import { listAccountsAt } from "../../../identity/audit-log/list-accounts.ts";
import type { LogReader } from "../../../identity/audit-log/log-reader.ts";
import { searchEntries } from "../../../identity/audit-log/search-entries.ts";
import { watchReading } from "../../../identity/audit-log/watch-reading.ts";
import { FairShares } from "../../../policies/fair-shares.ts";
import { HttpError } from "../http-error.ts";
import { route, type Route, streamRoute, type StreamRoute } from "../route.ts";
import { shareLimits } from "../../limits.ts";

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
      sendLogFile(response, path, await reader.read(who.actor, path).catch(asNotFound));
    },
  );
}

/**
 * Sends a file of a log.
 * @throws HttpError not_found
 */
export function sendLogFile(
  response: ServerResponse,
  path: string,
  bytes: Uint8Array | undefined,
): void {
  if (bytes === undefined)
    throw new HttpError("not_found", "The log has no such file, or not yet.");
  const isText = path === "checkpoint" || path.startsWith("restore/");
  response.writeHead(200, {
    "Content-Type": isText ? "text/plain; charset=utf-8" : "application/octet-stream",
    "Content-Length": bytes.length,
  });
  response.end(bytes);
}

/** A path that no file of a log has is like a file that is not there. */
export function asNotFound(error: unknown): undefined {
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
    async ({ who, query }) => {
      const { from, until, after, limit, ...rest } = query;
      assertActionFilter(rest.action);
      const filter = { ...rest, fromMs: from, untilMs: until };
      const page = { after, limit };
      return {
        status: 200,
        body: await searchEntries(deps, who.actor, filter, page),
      };
    },
  );
}

/** GET /v1/audit/names */
export function readNamesRoute(deps: DirectoryDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/audit/names",
      summary: "Read the names of accounts that the audit log shows as ids",
      tag: "Audit",
      access: "session",
      audits: ["audit.read_names"],
      query: namesQuery,
      answers: {
        200: { description: "The accounts of the tenant among them", schema: accountNames },
      },
      problems: ["forbidden"],
    },
    async ({ who, query }) => ({
      status: 200,
      body: { accounts: await readAccountNames(deps, who.actor, query.ids) },
    }),
  );
}

/** GET /v1/audit/accounts */
export function listAccountsRoute(deps: LogReading): Route {
  return route(
    {
      method: "get",
      path: "/v1/audit/accounts",
      summary: "List the accounts of staff as the audit log shows them at a time",
      tag: "Audit",
      access: "session",
      audits: ["audit.list_accounts"],
      query: accountsQuery,
      answers: { 200: { description: "The accounts", schema: accountsThen } },
      problems: ["forbidden", ...logRefusals],
    },
    async ({ who, query }) => ({
      status: 200,
      body: await listAccountsAt(deps, who.actor, query.at),
    }),
  );
}

/** GET /v1/audit/disclosures */
export function readDisclosuresRoute(deps: LogReading): Route {
  return route(
    {
      method: "get",
      path: "/v1/audit/disclosures",
      summary: "Account for the disclosures about a person (45 CFR 164.528)",
      tag: "Audit",
      access: "session",
      audits: ["audit.read_disclosures"],
      query: disclosuresQuery,
      answers: { 200: { description: "The accounting", schema: disclosures } },
      problems: ["forbidden", "user_not_found", ...logRefusals],
    },
    async ({ who, query: { subject, from, until } }) => ({
      status: 200,
      body: await readDisclosures(deps, who.actor, { subject, fromMs: from, untilMs: until }),
    }),
  );
}

/** How long the last events may take to be sent before the answer is cut off. */
const CLOSING_MS = 5_000;

/** GET /v1/audit/tail: server-sent events. */
export function tailAuditRoute(deps: LogReading, stopping: AbortSignal): StreamRoute {
  const followers = new FairShares(shareLimits.auditFollowers);
  return streamRoute(
    {
      method: "get",
      path: "/v1/audit/tail",
      summary: "Follow the tenant's audit log as it grows (server-sent events)",
      tag: "Audit",
      access: "session",
      audits: ["audit.tail"],
      query: tailQuery,
      headers: tailHeaders,
      answers: {
        200: {
          description:
            "Each event's id is an entry's index, its data one line of JSON: the entry, or, for bytes that are not one of our entries, a string or {base64}. An event `error` with code and detail ends the answer if the log was altered. The answer ends with the access token: renew it and ask again with Last-Event-ID. It also ends within 2 s of the end of the session, the device or the right to read",
          bytes: true,
          type: "text/event-stream",
        },
      },
      problems: ["forbidden", "rate_limited", ...logRefusals],
    },
    async ({ who: { actor, tokenExpiresAtMs }, query, headers }, _request, response) => {
      // The connection closed during authentication. It emits no further `close`.
      if (response.destroyed) return;
      const follower = { tenant: actor.tenant, account: actor.user };
      if (followers.take(follower) !== undefined)
        throw new HttpError(
          "rate_limited",
          `Your account or your organisation follows the log too often: an account may do so ${shareLimits.auditFollowers.account} times. End another follower first.`,
        );
      const closed = new AbortController();
      response.once("close", () => closed.abort());
      const reading = watchReading(deps, actor);
      const servesMs = Math.max(0, tokenExpiresAtMs - deps.now());
      const expiry = AbortSignal.timeout(servesMs);
      const signal = AbortSignal.any([closed.signal, stopping, expiry, reading.ended]);
      try {
        const after = headers["last-event-id"] ?? query.after;
        const pages = await followLog(deps, actor, { after, signal });
        response.writeHead(200, {
          "Content-Type": "text/event-stream",
          "Cache-Control": "no-store, no-transform",
          "X-Accel-Buffering": "no",
        });
        response.write(": open\n\n");
        for await (const page of pages) {
          if (!response.write(page.map(eventOf).join("")))
            await once(response, "drain", { signal }).catch(() => undefined);
        }
        endSoon(response);
      } catch (error) {
        // The answer has begun, so the refusal is its last event.
        if (!response.headersSent || !(error instanceof AuditError)) throw error;
        const { code, message: detail } = error;
        response.write(`event: error\ndata: ${onOneLine(JSON.stringify({ code, detail }))}\n\n`);
        endSoon(response);
      } finally {
        followers.release(follower);
        await reading.close();
      }
    },
  );
}

/** Ends the answer, and cuts it off if the client does not take the rest of it. */
function endSoon(response: ServerResponse): void {
  response.end();
  const late = setTimeout(() => response.destroy(), CLOSING_MS);
  response.once("close", () => clearTimeout(late));
}

/** A server-sent event. Its data is one line of JSON, whatever bytes the entry has. */
function eventOf({ index, entry: bytes }: IndexedEntry): string {
  const read = readEntry(bytes);
  const data = "entry" in read ? read.entry : "text" in read ? read.text : read;
  return `id: ${index}\ndata: ${onOneLine(JSON.stringify(data))}\n\n`;
}
