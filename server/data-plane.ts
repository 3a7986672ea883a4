import type { Server } from "node:http";
import { runFor, runForTenant } from "../db/fairness/requester.ts";
import type { Pool } from "../db/pool.ts";
import { watchSuspensions } from "../identity/accounts/watch-suspensions.ts";
import type { Announce } from "../identity/directory/announce.ts";
import type { ScopeKeys } from "../keys/at-rest/scope-keys.ts";
import type { ServerKeys } from "../keys/server-keys/server-keys.ts";
import type { Authenticator } from "../identity/tokens/authenticate.ts";
import type { Disconnect } from "../identity/tokens/disconnect.ts";
import type { TenantId, UserId, ConversationId } from "../crypto/wire/ids.ts";
import { FairShares } from "../policies/fair-shares.ts";
import type { LimitsOf } from "../policies/tenant-limits.ts";
import { logOffIdlePeriodically } from "../identity/tokens/log-off-idle.ts";
import { CursorWriter } from "../messaging/follow/cursor-writer.ts";
import type { EventsRequest } from "../messaging/follow/event-rows.ts";
import { readEvents } from "../messaging/follow/read-events.ts";
import { followedBy } from "../messaging/follow/visible-ranges.ts";
import { ConversationLog } from "../messaging/log/conversation-log.ts";
import { keepPartitions } from "../messaging/log/keep-partitions.ts";
import { TranscriptRecorder } from "../messaging/transcripts/transcript-recorder.ts";
import type { MessagingDeps } from "../messaging/members/facts.ts";
import { conversationsOf, membersAmong } from "../messaging/members/shared-conversations.ts";
import { keepReconciled } from "../messaging/members/keep-reconciled.ts";
import { reconcileDevices } from "../messaging/members/reconcile-devices.ts";
import type { OpenConversationLimits } from "../policies/conversation-limits.ts";
import { describeError, type Log } from "./log.ts";
import type { HintListener, Hints } from "./nodes/hints.ts";
import { ClusterPeers, SILENT_AFTER_BEATS } from "./nodes/cluster-peers.ts";
import { SharedPresence } from "./nodes/shared-presence.ts";
import { logObserver, observedPublish } from "./observe-log.ts";
import { attachRelay, type HelloLimits, type RelayDeps } from "./socket/attach-relay.ts";
import { authenticateHello, closeReasonOf } from "./socket/authenticate-hello.ts";
import type { OpenSocket } from "./socket/connection-deps.ts";
import { FrameLimits, type FrameRates } from "./socket/frame-limits.ts";
import type { LoopShares } from "./socket/loop-shares.ts";
import { SpacedCalls } from "./socket/spaced-calls.ts";
import type { HttpConnections } from "./socket/http-connections.ts";
import type { ReceivedHello } from "./socket/handshake.ts";
import type { MessageLimits } from "./socket/message-limits.ts";
import type { UserPresence } from "./socket/presence.ts";
import { presenceFrame } from "./socket/ephemeral-events.ts";
import { Relay, type Subscriber } from "./socket/relay.ts";
import { TimerWheel } from "./socket/timer-wheel.ts";
import type { Timings } from "./timings.ts";
import type { RootSpanName, Tracing } from "./tracing/tracing.ts";
import type { Watchers } from "./watchers.ts";
import { shareLimits } from "./limits.ts";

export interface DataPlaneDeps {
  readonly http: Server;
  readonly pool: Pool;
  readonly scopeKeys: ScopeKeys;
  /** The franking keys. The newest one tags messages. */
  readonly serverKeys: Pick<ServerKeys, "frankingKey">;
  readonly authenticator: Authenticator;
  readonly publicUrl: string;
  readonly messageLimits: MessageLimits;
  readonly openConversations: OpenConversationLimits;
  readonly frameRates: FrameRates;
  readonly loopShares: LoopShares;
  /** What an operator permits single tenants. */
  readonly limitsOf: LimitsOf;
  readonly helloLimits: HelloLimits;
  readonly timings: Timings;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly openHints: (listener: HintListener) => Promise<Hints>;
  /** Calls back when the role of an account is said to have changed. */
  readonly watchRoles: (
    onChanged: (tenant: TenantId, user: UserId) => void,
  ) => Promise<{ close(): Promise<void> }>;
  readonly watchers: Watchers;
}

/** Time between two searches for transcript heads that a node failed to record before it ended. */
const TRANSCRIPT_SWEEP_MS = 600_000;

/** How often one socket that was paused for sending too much is read from again, in milliseconds. */
const RESUME_EVERY_MS = 40;

/** The conversation logs, and the relay that serves them on the HTTP server's port. */
export interface DataPlane {
  /** The dependencies of the membership use cases. */
  readonly messaging: MessagingDeps;
  readonly announce: Announce;
  readonly disconnect: Disconnect;
  readonly overHttp: HttpConnections;
  /** Answers every accepted message and closes every socket. */
  close(): Promise<void>;
}

/** This node's view of the other nodes; undefined until it has met them. */
interface Cluster {
  peers?: ClusterPeers;
}

const monotonic = (): number => performance.now();

export async function startDataPlane(deps: DataPlaneDeps): Promise<DataPlane> {
  const { http, pool, log, timings, scopeKeys, openConversations, now } = deps;
  const { metrics } = deps.watchers;
  const leavePartitions = await keepLogPartitions(deps);
  const cluster: Cluster = {};
  const relay = new Relay((device, sinceMicros) =>
    cluster.peers?.onDeviceJoined(device, sinceMicros),
  );
  const { conversations, transcripts } = createConversationLog(deps, relay, cluster);
  const wheel = new TimerWheel(monotonic, timings.tickMs);
  metrics?.log.watchBacklog(() => conversations.waiting);
  metrics?.relay.watchConnections(() => relay.size);
  const open = new Set<OpenSocket>();
  metrics?.relay.watchBuffers(() => Array.from(open, ({ bufferedBytes }) => bufferedBytes));
  const onError = (error: unknown) =>
    log.warn("other nodes' events could not be read", describeError(error));
  const presence = createPresence(deps, { relay, cluster, wheel, onError });
  const { pollMs, beatMs } = timings;
  const met = await ClusterPeers.meet(
    { pool, relay, log: conversations, now, pollMs, beatMs, presence, onError },
    deps.openHints,
  );
  cluster.peers = met;
  const roles = await deps.watchRoles((tenant, user) => {
    met.onRoleChanged(tenant, user).catch(onError);
  });
  const disconnect: Disconnect = ({ tenant, device, session, wasIdle }) => {
    if (session === undefined) relay.disconnect({ device }, "device_refused");
    else
      relay.disconnect({ device, session }, wasIdle === true ? "session_idle" : "unauthenticated");
    met.announce({ ended: [{ tenant, device }] });
  };
  const leaveIdle = logOffIdlePeriodically(
    { pool, now, disconnect },
    timings.idleEveryMs,
    (error) => log.error("idle people could not be logged off", describeError(error)),
  );
  const messaging = { pool, log: conversations, scopeKeys, openConversations, now };
  const leaveReconciling = keepReconciled(messaging, timings.reconcileEveryMs, (error) =>
    log.error("devices could not be reconciled", describeError(error)),
  );
  const cursors = new CursorWriter(pool);
  const endWatch = watchSuspensions(
    pool,
    timings.suspensionPollMs,
    (tenant) => relay.disconnect({ tenant }, "tenant_suspended"),
    (error) => log.error("suspensions could not be read", describeError(error)),
  );
  const attached = attachRelay(
    http,
    relayDeps(deps, { relay, met, messaging, conversations, wheel, open, presence, cursors }),
  );
  const { overHttp } = attached;
  metrics?.relay.watchFallback(() => overHttp.counts());
  return {
    messaging,
    overHttp,
    announce: (change) => reconcileDevices(messaging, change),
    disconnect,
    async close() {
      leavePartitions();
      endWatch();
      await leaveIdle();
      await leaveReconciling();
      await attached.close();
      wheel.close();
      await conversations.close();
      await transcripts.close();
      await roles.close();
      await met.close();
      await cursors.close();
    },
  };
}

/** Creates the partitions of the log's tables before they are needed. */
function keepLogPartitions({
  pool,
  log,
  watchers: { metrics },
}: DataPlaneDeps): ReturnType<typeof keepPartitions> {
  const onError = (error: unknown) => {
    log.error("partitions could not be created", describeError(error));
    metrics?.log.partitionsFailed();
  };
  return keepPartitions(pool, onError, metrics?.log.partitionsKept);
}

/**
 * Creates the log of the conversations. Its events go to the sockets, to other nodes and to
 * transcripts.
 */
function createConversationLog(
  deps: DataPlaneDeps,
  relay: Relay,
  cluster: Cluster,
): { readonly conversations: ConversationLog; readonly transcripts: TranscriptRecorder } {
  const { pool, now, log, timings, watchers } = deps;
  const transcripts = new TranscriptRecorder({
    pool,
    now,
    everyMs: timings.transcriptsEveryMs,
    sweepEveryMs: TRANSCRIPT_SWEEP_MS,
    onError: (error) => log.error("transcripts could not be recorded", describeError(error)),
  });
  const conversations = new ConversationLog({
    pool,
    scopeKeys: deps.scopeKeys,
    get frankingKey() {
      return deps.serverKeys.frankingKey;
    },
    now,
    onCommitted: observedPublish((events) => {
      relay.publish(events);
      cluster.peers?.onCommitted(events);
      transcripts.onCommitted(events);
    }, watchers),
    onHead: (conversation, seq) => relay.announceHead(conversation, seq),
    observer: logObserver(watchers),
  });
  return { conversations, transcripts };
}

function createPresence(
  { pool, now, timings }: DataPlaneDeps,
  parts: {
    readonly relay: Relay;
    readonly cluster: Cluster;
    readonly wheel: TimerWheel;
    readonly onError: (error: unknown) => void;
  },
): SharedPresence {
  const { relay, cluster, wheel, onError } = parts;
  return new SharedPresence({
    wheel,
    monotonic,
    now,
    offlineAfterMs: timings.offlineAfterMs,
    tell: (user, state, shared) => tellPresence(relay, user, state, shared),
    announce: (hint) => cluster.peers?.announce(hint),
    conversationsOf: (tenant, users) => conversationsOf(pool, tenant, users),
    forgetAfterMs: timings.beatMs * SILENT_AFTER_BEATS,
    onError,
  });
}

/** The parts that connections of devices use. */
interface RelayParts {
  readonly relay: Relay;
  readonly met: ClusterPeers;
  readonly messaging: MessagingDeps;
  readonly conversations: ConversationLog;
  readonly wheel: TimerWheel;
  readonly open: Set<OpenSocket>;
  readonly presence: SharedPresence;
  readonly cursors: CursorWriter;
}

/** Returns the dependencies that the connections of devices need. */
function relayDeps(deps: DataPlaneDeps, parts: RelayParts): RelayDeps {
  const { pool, log, timings, watchers, helloLimits, publicUrl, messageLimits } = deps;
  const { metrics, tracing } = watchers;
  const { relay, met, messaging, conversations, wheel, open, presence, cursors } = parts;
  return {
    helloLimits,
    publicUrl,
    relay,
    timings,
    wheel,
    monotonic,
    sockets: new FairShares(
      shareLimits.relayConnections,
      (tenant) => deps.limitsOf(tenant).sockets,
    ),
    open,
    presence,
    async presentElsewhere(tenant, among) {
      const users = presence.elsewhere(tenant);
      if (users.length === 0) return [];
      return runForTenant(tenant, () => membersAmong(pool, tenant, among, users));
    },
    hasOtherNodes: () => met.hasOthers,
    announceActivity: (activity) => met.announce({ activities: [activity] }),
    messageLimits,
    frameLimits: new FrameLimits(deps.frameRates, deps.limitsOf, monotonic),
    loopShares: deps.loopShares,
    resumptions: new SpacedCalls(RESUME_EVERY_MS),
    log: conversations,
    cursors,
    readEvents: traced(tracing, "read deliveries", (request: EventsRequest) =>
      readEvents(pool, deps.scopeKeys, request),
    ),
    authenticate: traced(tracing, "hello", async (received: ReceivedHello) => {
      const authenticated = await authenticateHello({ ...deps, messaging }, received);
      metrics?.relay.welcomed(authenticated.lastGeneration > 0);
      return authenticated;
    }),
    observer: metrics && { ...metrics.relay, refused: metrics.log.refused },
    followed: (actor, page) =>
      runFor({ tenant: actor.tenant, account: actor.user }, () => followedBy(pool, actor, page)),
    onFault(reason, error) {
      log.info("socket closed", { reason, ...(error !== undefined && describeError(error)) });
      metrics?.relay.closed(reason, error);
    },
    closeReasonOf,
  };
}

/** Tells the users who share a conversation with this user, and nobody else. */
function tellPresence(
  relay: Relay,
  user: UserId,
  presence: UserPresence,
  conversations: readonly ConversationId[],
): void {
  const frame = presenceFrame(user, presence);
  const told = new Set<Subscriber>();
  for (const conversation of conversations)
    relay.ephemeral(conversation, frame, (subscriber) => {
      if (told.has(subscriber) || subscriber.identity?.user === user) return false;
      told.add(subscriber);
      return true;
    });
}

/** Runs `work` as a trace of its own if traces are configured. */
function traced<A, T>(
  tracing: Tracing | undefined,
  name: RootSpanName,
  work: (given: A) => Promise<T>,
): (given: A) => Promise<T> {
  return tracing === undefined ? work : (given) => tracing.root(name, {}, () => work(given));
}
