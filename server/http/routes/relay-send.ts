import { z } from "zod";
import { frameBatchType, maxBatchBytes } from "../../../crypto/wire/frame-batch.ts";
import { KeysError } from "../../../keys/keys-error.ts";
import type { Actor } from "../../../policies/actor.ts";
import type { HttpChannel } from "../../socket/http-channel.ts";
import type { HttpConnections } from "../../socket/http-connections.ts";
import { HttpError } from "../http-error.ts";
import { bytesReader } from "../read-bytes.ts";
import { streamRoute, type StreamRoute } from "../route.ts";
import { connectionId, connectionOf, connectionProblems, wholeNumber } from "./relay-schemas.ts";

/** POST /v1/relay/send: a hello, which begins a connection, or more frames of a connection. */
export function relaySendRoute(connections: HttpConnections): StreamRoute {
  const readBatch = bytesReader(frameBatchType, maxBatchBytes);
  return streamRoute(
    {
      method: "post",
      path: "/v1/relay/send",
      summary: "Begin a relay connection with a hello, or send further frames on one",
      tag: "Relay",
      access: "connection-or-session",
      audits: { nothing: "as the relay's frames: see there" },
      headers: z.object({
        "relay-connection": connectionId.optional(),
        "relay-batch": wholeNumber.optional().meta({
          description: "Counts the bodies of a connection, its hello being 1; each is taken once",
        }),
      }),
      stream: frameBatchType,
      answers: {
        201: { description: "`Relay-Connection` is the id of the connection that began" },
        204: { description: "The frames were taken, now or before; answers come as events" },
      },
      problems: [
        ...connectionProblems,
        "device_required",
        "unsupported_media_type",
        "body_too_large",
        "not_ready",
        "rate_limited",
      ],
    },
    async ({ who, headers }, request, response) => {
      if (who !== undefined) {
        const begun = begin(connections, who.actor, await readBatch(request, response));
        response.writeHead(201, { "Relay-Connection": begun }).end();
        return;
      }
      const { "relay-connection": id = "", "relay-batch": batch } = headers;
      if (batch === undefined)
        throw new HttpError("invalid_request", "Number the body in Relay-Batch.");
      const channel = connectionOf(connections, id);
      const received = channel.expectBody();
      if (received === undefined) throw tooMany("Too many bodies of this connection at once.", 1);
      try {
        await readable(channel);
        channel.take(batch, await readBatch(request, response));
      } finally {
        received();
      }
      response.writeHead(204).end();
    },
  );
}

function begin(connections: HttpConnections, actor: Actor, hello: Uint8Array): string {
  if (actor.device === undefined)
    throw new KeysError("device_required", "Register this device before it connects.");
  const begun = connections.begin({ tenant: actor.tenant, account: actor.user }, hello);
  switch (begun.kind) {
    case "begun":
      return begun.id;
    case "stopping":
      throw new HttpError("not_ready", "This node is stopping; begin on another.");
    case "overloaded":
      throw tooMany(
        "Your account or your organisation began too many connections and did not use them.",
        10,
      );
  }
}

const tooMany = (what: string, retryAfterSeconds: number): HttpError =>
  new HttpError("rate_limited", what, { retryAfterSeconds });

/**
 * Waits while a socket would not be read from.
 * @throws HttpError connection_gone
 */
async function readable(channel: HttpChannel): Promise<void> {
  await channel.readable();
  if (channel.closed)
    throw new HttpError("connection_gone", "This connection is over. Begin with a hello.");
}
