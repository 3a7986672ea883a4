import type { Server } from "node:http";
import { runFor, runForTenant } from "../db/fairness/requester.ts";
import type { Pool } from "../db/pool.ts";
import { watchSuspensions } from "../identity/accounts/watch-suspensions.ts";
import type { Announce } from "../identity/directory/announce.ts";
import type { ScopeKeys } from "../keys/at-rest/scope-keys.ts";
import { IdentityError } from "../identity/identity-error.ts";
import { KeysError } from "../keys/keys-error.ts";
import type { ServerKeys } from "../keys/server-keys/server-keys.ts";
import type { Authenticator } from "../identity/tokens/authenticate.ts";
import type { Disconnect } from "../identity/tokens/disconnect.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { FairShares, type ShareLimits } from "../policies/fair-shares.ts";
import type { Hello } from "../crypto/wire/frame.ts";
import { admitDevice } from "../messaging/follow/admit-device.ts";
import { CursorWriter } from "../messaging/follow/cursor-writer.ts";
import { readEvents, type EventsRequest } from "../messaging/follow/read-events.ts";
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
import { attachRelay, RELAY_PATH, type HelloLimits } from "./socket/attach-relay.ts";
import type { CloseReason } from "./socket/close-codes.ts";
import type { OpenSocket } from "./socket/connection.ts";
import { FrameLimits, type FrameRates } from "./socket/frame-limits.ts";
import { LoopShares } from "./socket/loop-shares.ts";
import { SpacedCalls } from "./socket/spaced-calls.ts";
import type { HttpConnections } from "./socket/http-connections.ts";
import { limitsFor, type AuthenticatedHello, type ReceivedHello } from "./socket/handshake.ts";
import type { MessageLimits } from "./socket/message-limits.ts";
import type { UserPresence } from "./socket/presence.ts";
import { presenceFrame } from "./socket/ephemeral-events.ts";
import { Relay, type Subscriber } from "./socket/relay.ts";
import { TimerWheel } from "./socket/timer-wheel.ts";
import type { Timings } from "./timings.ts";
import type { RootSpanName, Tracing } from "./tracing/tracing.ts";
import type { Watchers } from "./watchers.ts";

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
  readonly helloLimits: HelloLimits;
  readonly timings: Timings;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly openHints: (listener: HintListener) => Promise<Hints>;
  /** Calls back when the role of an account is said to have changed. */
  readonly watchRoles: (
    onChanged: (tenant: Uuid, user: Uuid) => void,
  ) => Promise<{ close(): Promise<void> }>;
  readonly watchers: Watchers;
}

/** Time between two searches for transcript heads that a node failed to record before it ended. */
const TRANSCRIPT_SWEEP_MS = 600_000;

/** Welcomed relay connections, over WebSockets and over HTTP. An account has at most 16 devices. */
const SOCKETS: ShareLimits = { node: 100_000, tenant: 50_000, account: 32 };

/**
 * The longest time that a hello waits until the device is announced in all conversations of its
 * account. A device waits 15 s for its welcome.
 */
const RECONCILE_MS = 5_000;
/**
 * The time between two reads of sockets that were paused for sending too much, one socket each, in
 * milliseconds.
 */
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

export async function startDataPlane(deps: DataPlaneDeps): Promise<DataPlane> {
  const { http, pool, now, log, timings, watchers } = deps;
  const { metrics, tracing } = watchers;
  const leavePartitions = await keepPartitions(
    pool,
    (error) => {
      log.error("partitions could not be created", describeError(error));
      metrics?.log.partitionsFailed();
    },
    metrics?.log.partitionsKept,
  );
  let clusterPeers: ClusterPeers | undefined;
  const relay = new Relay((device, since) => clusterPeers?.onDeviceJoined(device, since));
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
      clusterPeers?.onCommitted(events);
      transcripts.onCommitted(events);
    }, watchers),
    onHead: (conversation, seq) => relay.announceHead(conversation, seq),
    observer: logObserver(watchers),
  });
  metrics?.log.watchBacklog(() => conversations.waiting);
  metrics?.relay.watchConnections(() => relay.size);
  const monotonic = () => performance.now();
  const wheel = new TimerWheel(monotonic, timings.tickMs);
  const onError = (error: unknown) =>
    log.warn("other nodes' events could not be read", describeError(error));
  const presence = new SharedPresence({
    wheel,
    monotonic,
    now,
    offlineAfterMs: timings.offlineAfterMs,
    tell: (user, state, shared) => tellPresence(relay, user, state, shared),
    announce: (hint) => clusterPeers?.announce(hint),
    conversationsOf: (tenant, users) => conversationsOf(pool, tenant, users),
    forgetAfterMs: timings.beatMs * SILENT_AFTER_BEATS,
    onError,
  });
  const open = new Set<OpenSocket>();
  metrics?.relay.watchBuffers(() => Array.from(open, ({ bufferedBytes }) => bufferedBytes));
  const met = await ClusterPeers.meet(
    {
      pool,
      relay,
      log: conversations,
      now,
      pollMs: timings.pollMs,
      beatMs: timings.beatMs,
      presence,
      onError,
    },
    deps.openHints,
  );
  clusterPeers = met;
  const roles = await deps.watchRoles((tenant, user) => {
    met.onRoleChanged(tenant, user).catch(onError);
  });
  const { scopeKeys, openConversations } = deps;
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
  const attached = attachRelay(http, {
    helloLimits: deps.helloLimits,
    publicUrl: deps.publicUrl,
    relay,
    timings,
    wheel,
    monotonic,
    sockets: new FairShares(SOCKETS),
    open,
    presence,
    async presentElsewhere(tenant, among) {
      const users = presence.elsewhere(tenant);
      if (users.length === 0) return [];
      return runForTenant(tenant, () => membersAmong(pool, tenant, among, users));
    },
    hasOtherNodes: () => met.hasOthers,
    announceActivity: (activity) => met.announce({ activities: [activity] }),
    messageLimits: deps.messageLimits,
    frameLimits: new FrameLimits(deps.frameRates, monotonic),
    loopShares: new LoopShares(monotonic),
    resumptions: new SpacedCalls(RESUME_EVERY_MS),
    log: conversations,
    cursors,
    readEvents: traced(tracing, "read deliveries", (request: EventsRequest) =>
      readEvents(pool, deps.scopeKeys, request),
    ),
    authenticate: traced(tracing, "hello", async ({ hello, origin }: ReceivedHello) => {
      const authenticated = await authenticateHello(deps, messaging, hello, origin);
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
  });
  const { overHttp } = attached;
  metrics?.relay.watchFallback(() => overHttp.counts());
  return {
    messaging,
    overHttp,
    announce: (change) => reconcileDevices(messaging, change),
    disconnect({ tenant, device, session }) {
      if (session === undefined) relay.disconnect({ device }, "device_refused");
      else relay.disconnect({ device, session }, "unauthenticated");
      met.announce({ ended: [{ tenant, device }] });
    },
    async close() {
      leavePartitions();
      endWatch();
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

/** Tells the users who share a conversation with this user, and no others. */
function tellPresence(
  relay: Relay,
  user: Uuid,
  presence: UserPresence,
  conversations: readonly Uuid[],
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

/**
 * Authenticates a hello with the same check as HTTP, as if the device had requested the relay's
 * path.
 */
async function authenticateHello(
  deps: DataPlaneDeps,
  messaging: MessagingDeps,
  hello: Hello,
  origin: string | undefined,
): Promise<AuthenticatedHello> {
  const { authenticator, pool, publicUrl, now } = deps;
  const { actor, tokenExpiresAtMs } = await authenticator.identify({
    token: hello.accessToken,
    proof: hello.deviceProof,
    method: "GET",
    url: publicUrl + RELAY_PATH,
    origin,
    now: now(),
  });
  const { device } = actor;
  if (device === undefined)
    throw new IdentityError("device_required", "Register this device before it connects.");
  const limits = await runFor({ tenant: actor.tenant, account: actor.user }, async () => {
    // The periodic task and the next hello continue where this one stops.
    await reconcileDevices(messaging, actor, AbortSignal.timeout(RECONCILE_MS));
    return admitDevice({ pool, now }, { ...actor, device }, hello.generation);
  });
  return {
    actor: { ...actor, device },
    limits: limitsFor(limits),
    since: limits.since,
    lastGeneration: limits.lastGeneration,
    tokenServesMs: Math.max(0, tokenExpiresAtMs - now()),
  };
}

function closeReasonOf(error: unknown): CloseReason {
  if (!(error instanceof IdentityError || error instanceof KeysError)) return "try_again";
  switch (error.code) {
    case "token_expired":
      return "token_expired";
    case "device_required":
    case "device_revoked":
      return "device_refused";
    case "tenant_suspended":
      return "tenant_suspended";
    case "overloaded":
      return "try_again";
    default:
      return "unauthenticated";
  }
}
