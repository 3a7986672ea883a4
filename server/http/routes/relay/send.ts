import type { IncomingMessage } from "node:http";
import { sendHeaders } from "../../../../contract/relay.ts";
import { frameBatchType } from "../../../../crypto/wire/frame-batch.ts";
import { IdentityError } from "../../../../identity/identity-error.ts";
import type { Actor } from "../../../../policies/actor.ts";
import type { HttpChannel } from "../../../socket/http-channel.ts";
import type {
  AccountHolder,
  BeginRefusal,
  HttpConnections,
} from "../../../socket/http-connections.ts";
import { HttpError } from "../../http-error.ts";
import { streamRoute, type StreamRoute } from "../../route.ts";
import { connectionOf, connectionProblems } from "./connection.ts";
import { bodyLimits } from "../../../limits.ts";

/** POST /v1/relay/send: a hello, which begins a connection, or more frames of a connection. */
export function relaySendRoute(connections: HttpConnections): StreamRoute {
  return streamRoute(
    {
      method: "post",
      path: "/v1/relay/send",
      summary: "Begin a relay connection with a hello, or send further frames on one",
      tag: "Relay",
      access: "connection-or-session",
      audits: { nothing: "as the relay's frames: see there" },
      headers: sendHeaders,
      stream: frameBatchType,
      bodyLimit: bodyLimits.relayBatch,
      answers: {
        201: { description: "`Relay-Connection` is the id of the connection that began" },
        204: { description: "The frames were taken, now or before; answers come as events" },
      },
      problems: [...connectionProblems, "device_required", "not_ready"],
    },
    async ({ who, headers, request: { network, origin } }, request, response, body) => {
      assertFrames(request);
      if (who !== undefined) {
        const { tenant, user } = who.actor;
        assertMayBegin(connections, who.actor);
        const hello = await body.whole(bodyLimits.relayHello, { kind: "account", tenant, user });
        const begun = begin(connections, who.actor, hello, origin);
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
        const sender = connections.senderOf(id) ?? { kind: "stranger", network };
        channel.take(batch, await body.whole(bodyLimits.relayBatch, sender));
      } finally {
        received();
      }
      response.writeHead(204).end();
    },
  );
}

function assertFrames({ headers }: IncomingMessage): void {
  if (headers["content-type"] !== frameBatchType)
    throw new HttpError("unsupported_media_type", `Send the body as ${frameBatchType}.`);
}

function assertMayBegin(connections: HttpConnections, actor: Actor): void {
  if (actor.device === undefined)
    throw new IdentityError("device_required", "Register this device before it connects.");
  const refusal = connections.refusalOf(holderOf(actor));
  if (refusal !== undefined) throw refused(refusal);
}

function begin(
  connections: HttpConnections,
  actor: Actor,
  hello: Uint8Array,
  origin: string | undefined,
): string {
  const begun = connections.begin(holderOf(actor), hello, origin);
  if (begun.kind === "begun") return begun.id;
  throw refused(begun.kind);
}

const refused = (refusal: BeginRefusal): HttpError =>
  refusal === "stopping"
    ? new HttpError("not_ready", "This node is stopping; begin on another.")
    : tooMany(
        "Your account or your organisation began too many connections and did not use them.",
        10,
      );

const holderOf = ({ tenant, user }: Actor): AccountHolder => ({ tenant, account: user });

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
