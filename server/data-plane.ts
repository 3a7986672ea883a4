import type { Server } from "node:http";
import type { Pool } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import type { Announce } from "../keys/directory/announce.ts";
import { KeysError } from "../keys/keys-error.ts";
import type { Secret } from "../keys/secret.ts";
import type { Authenticator } from "../keys/tokens/authenticate.ts";
import type { Disconnect } from "../keys/tokens/disconnect.ts";
import type { Hello } from "../crypto/wire/frame.ts";
import { CursorWriter } from "../messaging/follow/cursor-writer.ts";
import { readEvents, type EventsRequest } from "../messaging/follow/read-events.ts";
import { followedBy } from "../messaging/follow/visible-ranges.ts";
import { ConversationLog } from "../messaging/log/conversation-log.ts";
import { keepPartitions } from "../messaging/log/keep-partitions.ts";
import type { MessagingDeps } from "../messaging/members/facts.ts";
import { reconcileDevices } from "../messaging/members/reconcile-devices.ts";
import { describeError, type Log } from "./log.ts";
import { logObserver, observedPublish } from "./observe-log.ts";
import { attachRelay, RELAY_PATH } from "./socket/attach-relay.ts";
import type { CloseReason } from "./socket/close-codes.ts";
import { limitsFor, type Greeting } from "./socket/handshake.ts";
import { Relay } from "./socket/relay.ts";
import type { RootSpanName, Tracing } from "./tracing/tracing.ts";
import type { Watchers } from "./watchers.ts";

export interface DataPlaneDeps {
  readonly http: Server;
  readonly pool: Pool;
  readonly frankingKey: Secret<Uint8Array>;
  readonly authenticator: Authenticator;
  readonly publicUrl: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly watchers: Watchers;
}

/** The conversations' logs and the relay that serves them on the HTTP server's port. */
export interface DataPlane {
  /** What the membership use cases work with. */
  readonly messaging: MessagingDeps;
  readonly announce: Announce;
  readonly disconnect: Disconnect;
  /** Closes every socket, then answers what was accepted. */
  close(): Promise<void>;
}

export async function startDataPlane(deps: DataPlaneDeps): Promise<DataPlane> {
  const { http, pool, now, log, watchers } = deps;
  const { metrics, tracing } = watchers;
  const leavePartitions = await keepPartitions(
    pool,
    (error) => {
      log.error("partitions could not be made", describeError(error));
      metrics?.log.partitionsFailed();
    },
    metrics?.log.partitionsKept,
  );
  const relay = new Relay();
  const conversations = new ConversationLog({
    pool,
    frankingKey: deps.frankingKey.reveal(),
    now,
    onCommitted: observedPublish((events) => relay.publish(events), watchers),
    onHead: (conversation, seq) => relay.announceHead(conversation, seq),
    observer: logObserver(watchers),
  });
  metrics?.log.watchBacklog(() => conversations.waiting);
  metrics?.relay.watchConnections(() => relay.size);
  const messaging = { pool, log: conversations, now };
  const cursors = new CursorWriter(pool);
  const attached = attachRelay(http, relay, {
    log: conversations,
    cursors,
    readEvents: traced(tracing, "read deliveries", (request: EventsRequest) =>
      readEvents(pool, request),
    ),
    authenticate: traced(tracing, "hello", async (hello: Hello) => {
      const greeting = await greet(deps, messaging, hello);
      metrics?.relay.welcomed(hello.cursors.length > 0);
      return greeting;
    }),
    onDelivered: metrics?.relay.delivered,
    followed: (actor) => followedBy(pool, actor.tenant, actor.device),
    onFault(reason, error) {
      log.info("socket closed", { reason, ...(error !== undefined && describeError(error)) });
      metrics?.relay.closed(reason, error);
    },
    closeReasonOf,
  });
  return {
    messaging,
    announce: (change) => reconcileDevices(messaging, change),
    disconnect: ({ device, session }) => relay.disconnect(device, session),
    async close() {
      leavePartitions();
      await attached.close();
      await conversations.close();
      await cursors.close();
    },
  };
}

/** `work`, as a trace of its own where traces are made. */
function traced<A, T>(
  tracing: Tracing | undefined,
  name: RootSpanName,
  work: (given: A) => Promise<T>,
): (given: A) => Promise<T> {
  return tracing === undefined ? work : (given) => tracing.root(name, {}, () => work(given));
}

/** Who says hello: the same check as for HTTP, as if the device had requested the relay's path. */
async function greet(
  deps: DataPlaneDeps,
  messaging: MessagingDeps,
  hello: Hello,
): Promise<Greeting> {
  const { authenticator, pool, publicUrl, now } = deps;
  const actor = await authenticator.authenticate({
    token: hello.accessToken,
    proof: hello.deviceProof,
    method: "GET",
    url: publicUrl + RELAY_PATH,
    now: now(),
  });
  const { device, tenant } = actor;
  if (device === undefined)
    throw new KeysError("device_required", "Register this device before it connects.");
  await reconcileDevices(messaging, actor);
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ keyMaxMessages: number; keyMaxAgeMs: number }>(
      `select key_max_messages as "keyMaxMessages", key_max_age_ms as "keyMaxAgeMs"
       from tenants where id = $1`,
      [tenant],
    ),
  );
  const [limits] = rows;
  if (limits === undefined) throw new KeysError("tenant_not_found", "There is no such tenant.");
  return { actor: { ...actor, device }, limits: limitsFor(limits) };
}

function closeReasonOf(error: unknown): CloseReason {
  if (!(error instanceof KeysError)) return "try_again";
  switch (error.code) {
    case "token_expired":
      return "token_expired";
    case "device_required":
    case "device_revoked":
      return "device_refused";
    case "overloaded":
      return "try_again";
    default:
      return "unauthenticated";
  }
}
