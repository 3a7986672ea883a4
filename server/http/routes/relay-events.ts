import { connectionHeaders, eventsQuery } from "../../../contract/relay.ts";
import { frameBatchType, joinFrames } from "../../../crypto/wire/frame-batch.ts";
import type { HttpConnections } from "../../socket/http-connections.ts";
import { HttpError } from "../http-error.ts";
import { streamRoute, type StreamRoute } from "../route.ts";
import { closeText, connectionOf, connectionProblems } from "./connection-of.ts";

/** GET /v1/relay/events: long poll. */
export function relayEventsRoute(connections: HttpConnections): StreamRoute {
  return streamRoute(
    {
      method: "get",
      path: "/v1/relay/events",
      summary: "Wait for frames of a relay connection (long poll)",
      tag: "Relay",
      access: "connection",
      audits: { nothing: "as the relay's frames: see there" },
      headers: connectionHeaders,
      query: eventsQuery,
      answers: {
        200: {
          description:
            "Frames, the first numbered `Relay-First`. `Relay-Close` is a close code and its name: nothing follows",
          bytes: true,
          type: frameBatchType,
        },
      },
      problems: connectionProblems,
    },
    async ({ headers, query }, _request, response) => {
      const channel = connectionOf(connections, headers["relay-connection"]);
      // The frames of this connection leave on its stream. A poll would replace the stream without
      // ending it.
      if (channel.mode === "stream" && !channel.closed)
        throw new HttpError("connection_gone", "This connection's frames are taken elsewhere.");
      const left = new AbortController();
      response.once("close", () => left.abort());
      const { first, frames, closed } = await channel.poll(
        query.after,
        query.wait * 1_000,
        left.signal,
      );
      const body = joinFrames(frames);
      response.writeHead(200, {
        "Content-Type": frameBatchType,
        "Content-Length": body.length,
        "Relay-First": first,
        ...(closed !== undefined && { "Relay-Close": closeText(closed) }),
      });
      response.end(body);
    },
  );
}
