import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { z } from "zod";
import { fromUtf8 } from "../../../crypto/wire/bytes.ts";
import { followLog } from "../../../keys/audit-log/follow-log.ts";
import { watchReading } from "../../../keys/audit-log/watch-reading.ts";
import type { UseCase } from "../../../keys/audited.ts";
import { FairShares, type ShareLimits } from "../../../policies/fair-shares.ts";
import { HttpError } from "../http-error.ts";
import { streamRoute, type StreamRoute } from "../route.ts";
import { entryIndex } from "./audit-schemas.ts";

/** Followers at the same time. Each reads the log twice a second. */
const LIMITS: ShareLimits = { node: 32, tenant: 8, account: 3 };
/** How long the last events may take to be sent before the answer is cut off. */
const CLOSING_MS = 5_000;

/** GET /v1/audit/tail: server-sent events. */
export function tailAuditRoute(deps: UseCase, stopping: AbortSignal): StreamRoute {
  const followers = new FairShares(LIMITS);
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
            "Each event's id is an entry's index, its data the entry as it is hashed. The answer ends with the access token: renew it and ask again with Last-Event-ID. It also ends within 2 s of the end of the session, the device or the right to read",
          bytes: true,
          type: "text/event-stream",
        },
      },
      problems: ["forbidden", "rate_limited"],
    },
    async ({ who: { actor, tokenExpiresAtMs }, query, headers, requestId }, _request, response) => {
      const follower = { tenant: actor.tenant, account: actor.user };
      if (followers.take(follower) !== undefined)
        throw new HttpError(
          "rate_limited",
          `Your account or your organisation follows the log too often: an account may do so ${LIMITS.account} times. End another follower first.`,
        );
      const closed = new AbortController();
      response.once("close", () => closed.abort());
      const reading = watchReading(deps, actor);
      const servesMs = Math.max(0, tokenExpiresAtMs - deps.now());
      const expiry = AbortSignal.timeout(servesMs);
      const signal = AbortSignal.any([closed.signal, stopping, expiry, reading.ended]);
      try {
        const after = headers["last-event-id"] ?? query.after;
        const pages = await followLog({ ...deps, requestId }, actor, { after, signal });
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
