import type { ServerResponse } from "node:http";
import { connectionHeaders, eventsQuery } from "../../../../contract/relay.ts";
import { frameBatchType, joinFrames } from "../../../../crypto/wire/frame-batch.ts";
import type { FrameStream } from "../../../socket/http-channel.ts";
import type { HttpConnections } from "../../../socket/http-connections.ts";
import { HttpError } from "../../http-error.ts";
import { streamRoute, type StreamRoute } from "../../route.ts";
import { closeText, connectionOf, connectionProblems } from "./connection.ts";

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

const EVENT_STREAM = "text/event-stream";

/** GET /v1/relay/stream: server-sent events. */
export function relayStreamRoute(connections: HttpConnections): StreamRoute {
  return streamRoute(
    {
      method: "get",
      path: "/v1/relay/stream",
      summary: "Receive the frames of a relay connection as they come (server-sent events)",
      tag: "Relay",
      access: "connection",
      audits: { nothing: "as the relay's frames: see there" },
      headers: connectionHeaders,
      answers: {
        200: {
          description:
            "Each event is a frame in base64url; `ping` asks for a body without frames, `close` has the close code and its name. The connection ends with the answer",
          bytes: true,
          type: EVENT_STREAM,
        },
      },
      problems: connectionProblems,
    },
    async ({ headers }, _request, response) => {
      // The connection closed during authentication. It emits no further `close`.
      if (response.destroyed) return;
      const channel = connectionOf(connections, headers["relay-connection"]);
      // Frames of an earlier answer may be lost. Only a hello with cursors tells what is missing.
      if (channel.mode !== "untaken")
        throw new HttpError("connection_gone", "This connection's frames are taken elsewhere.");
      response.writeHead(200, {
        "Content-Type": EVENT_STREAM,
        "Cache-Control": "no-store, no-transform",
        // Tells buffering proxies to pass this answer on as it comes.
        "X-Accel-Buffering": "no",
      });
      // Shows the device at once that no proxy holds the answer back.
      response.write(": open\n\n");
      const { onDrain, onClosed } = channel.stream(eventStream(response, connections.closingMs));
      response.on("drain", onDrain);
      response.once("close", onClosed);
      // `close` follows. An `error` event without a listener would end the process.
      response.on("error", () => undefined);
    },
  );
}

/** @param closingMs how long the last frames may take to be sent before the answer is cut off */
function eventStream(response: ServerResponse, closingMs: number): FrameStream {
  const { socket } = response;
  return {
    write: (frame) => void response.write(`data: ${Buffer.from(frame).toString("base64url")}\n\n`),
    ping: () => void response.write("event: ping\ndata: ping\n\n"),
    end(reason) {
      response.end(`event: close\ndata: ${closeText(reason)}\n\n`);
      const late = setTimeout(() => response.destroy(), closingMs);
      response.once("close", () => clearTimeout(late));
    },
    get bufferedBytes() {
      return response.writableLength;
    },
    get takenBytes() {
      return socket === null ? 0 : socket.bytesWritten - socket.writableLength;
    },
  };
}
