import type { RequestListener, Server } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { writeSumsPeriodically } from "../audit/write-sums.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { DATA, hasMigrations, KEYSTORE } from "../db/schema-version.ts";
import { createOriginCheck } from "../keys/accounts/origins.ts";
import { Profiles } from "../keys/accounts/profiles.ts";
import { watchRoles } from "../keys/accounts/watch-roles.ts";
import { rewrapPeriodically } from "../keys/at-rest/rewrap-periodically.ts";
import { openKeyTree } from "../keys/at-rest/key-tree.ts";
import { kmsAuditSigner } from "../keys/audit-signer.ts";
import { openKms } from "../keys/kms/open-kms.ts";
import { ServerKeys } from "../keys/server-keys/server-keys.ts";
import { sweepLinksPeriodically } from "../keys/linking/sweep-links.ts";
import { sweepSessionsPeriodically } from "../keys/tokens/sweep-sessions.ts";
import { createAccessTokens } from "../keys/tokens/access-token.ts";
import { createAuthenticator } from "../keys/tokens/authenticate.ts";
import { PROOF_MEMORY_MS } from "../keys/tokens/device-proof.ts";
import { ReplayCache } from "../keys/tokens/replay-cache.ts";
import type { OnDamaged } from "../messaging/attachments/damage.ts";
import { RunningDigests } from "../messaging/attachments/running-digests.ts";
import { sweepAttachmentsPeriodically } from "../messaging/attachments/sweep.ts";
import { sweepDaysPeriodically } from "../messaging/storage/sweep-days.ts";
import { openAttachmentStore } from "./attachment-store.ts";
import { runAuditLog } from "./audit-log.ts";
import { Closers } from "./closers.ts";
import type { Config } from "./config.ts";
import { HeldBytes } from "./held-bytes.ts";
import { startDataPlane } from "./data-plane.ts";
import { openDatabase } from "./database.ts";
import {
  openDevelopmentTenant,
  refuseDevelopmentTenants,
  type DevelopmentAccount,
} from "./development.ts";
import { ActLimits } from "./http/act-limits.ts";
import { createApp } from "./http/app.ts";
import { createHttpServer } from "./http/http-server.ts";
import { createRoutes } from "./http/routes.ts";
import { closeHttp, listen } from "./http/listen.ts";
import { limiterFactory } from "./http/limits.ts";
import { describeError, type Log } from "./log.ts";
import { createMessageCheck } from "./message-check.ts";
import { openHints } from "./nodes/open-hints.ts";
import { connectRedis } from "./nodes/redis-client.ts";
import { openMessageLimits } from "./nodes/shared-message-limits.ts";
import { creationRates, type MessageRates } from "./socket/message-limits.ts";
import { SharedUsedProofs } from "./nodes/shared-used-proofs.ts";
import { networkBehind, networkUnlessProxy } from "./network.ts";
import { prepareHome } from "./prepare-home.ts";
import { createReadiness } from "./readiness.ts";
import { defaultTimings, type Timings as SocketTimings } from "./socket/timings.ts";
import { watchStorage } from "./storage-watch.ts";
import { unlessAborted, within } from "./unless-aborted.ts";
import { waitFor } from "./wait-for.ts";
import { openWatchers } from "./watchers.ts";

/**
 * Dependencies on the outside world. The main program provides them, and tests can replace them.
 */
export interface Ports {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly newId: () => Uuid;
  readonly log: Log;
  readonly version: string;
  /** Aborted when the server must stop, also while it starts. */
  readonly stopping?: AbortSignal;
  /** Returns how many lines of the log were lost so far. */
  readonly lostLogLines?: () => number;
  /** Timings that differ from the protocol's. */
  readonly timings?: Partial<Timings>;
}

/** How long the relay waits for devices, and a node for other nodes, in milliseconds. */
export interface Timings extends SocketTimings {
  /** Average time between two polls for what other nodes wrote and hints did not announce. */
  readonly pollMs: number;
  /** Minimum time between two sends of hints. */
  readonly hintFlushMs: number;
  /**
   * Time between two announcements that this node is alive. A node that stops announcing counts as
   * gone.
   */
  readonly beatMs: number;
  /**
   * Time between two searches for changes of devices that were not announced in every conversation.
   */
  readonly reconcileEveryMs: number;
  /** Time between two checks for server keys that another process rotated. */
  readonly serverKeysPollMs: number;
  /** The longest time for a request's headers, and then for its body. A route may allow less. */
  readonly requestMs: number;
  /** Time between two searches for heads of audit logs that a witness has not cosigned. */
  readonly cosignEveryMs: number;
  /** Time between two steps of the check of everything that the audit logs hold. */
  readonly checkEveryMs: number;
}

/** Headers are small, so they arrive sooner than bodies. */
const HEADERS_MS = 10_000;

const usualTimings: Timings = {
  ...defaultTimings,
  pollMs: 3_000,
  hintFlushMs: 5,
  beatMs: 10_000,
  reconcileEveryMs: 60_000,
  serverKeysPollMs: 2_000,
  requestMs: 30_000,
  cosignEveryMs: 60_000,
  checkEveryMs: 1_000,
};

export interface RunningServer {
  /** The URL at which clients reach the server, without a slash at its end. */
  readonly url: string;
  /** The URL at which this node itself listens, behind any proxy. */
  readonly address: string;
  /** The URL at which metrics are scraped, if they are collected. */
  readonly metricsUrl: string | undefined;
  /** Sample accounts. Empty outside development. */
  readonly accounts: readonly DevelopmentAccount[];
  /** Resolves with the reason if the server cannot continue. Then call `close`. */
  readonly failed: Promise<Error>;
  /**
   * Stops the server. It reports that it is not ready and serves on until load balancers have
   * noticed. Then it moves devices to other nodes, answers what it accepted, and stops the
   * database.
   */
  close(): Promise<void>;
}

/**
 * How long an idle HTTP connection is kept. Load balancers keep theirs for 60 seconds, and must be
 * the first to close one: they might use it at the moment when the server closes it.
 */
const KEEP_ALIVE_MS = 75_000;

/** How long a start that failed or was aborted may take to close what it opened. */
const CLOSE_MS = { embedded: 15_000, remote: 1_000 };

/**
 * Creates the parts of the server and starts it. If it fails or is aborted, everything that was
 * started is stopped.
 * @throws ConfigError, KeysError (keyring), DatabaseError; StartAborted
 */
export async function startServer(config: Config, ports: Ports): Promise<RunningServer> {
  const closers = new Closers();
  try {
    return await unlessAborted(start(config, ports, closers), ports.stopping);
  } catch (error) {
    // A database that says nothing does not answer the farewell either.
    const limitMs = config.databaseUrl === undefined ? CLOSE_MS.embedded : CLOSE_MS.remote;
    await within(limitMs, closers.close()).catch(() => undefined);
    throw error;
  }
}

async function start(config: Config, ports: Ports, closers: Closers): Promise<RunningServer> {
  const { now, newId, log, version } = ports;
  const timings = { ...usualTimings, ...ports.timings };
  const { mode } = config;
  await prepareHome(config);
  const opened = await waitFor(log, "key service", openKms(config.kms));
  const { kms, firstKeys } = opened;
  closers.add(() => kms.close());
  const opening = openDatabase(config, log);
  // The embedded database must be stopped even if the start is aborted while it is opened.
  closers.add(() =>
    opening.then(
      (late) => late.close(),
      () => undefined,
    ),
  );
  const database = await opening;
  const { pool, ownerUrl } = database;
  const serverKeys = await waitFor(
    log,
    "server keys",
    ServerKeys.open({ pool, kms, now, firstKeys }),
  );
  await opened.forgetFirstKeys();
  const leaveKeys = serverKeys.keepFresh(timings.serverKeysPollMs, (error) =>
    log.warn("server keys could not be read", describeError(error)),
  );
  closers.add(leaveKeys);
  const onLost = (service: string) => (error: unknown) =>
    log.warn("connection lost", { service, ...describeError(error) });
  const keyTree = await waitFor(
    log,
    "keystore",
    openKeyTree({ url: database.keystoreUrl, kms, now, onLost: onLost("keystore") }),
  );
  closers.add(() => keyTree.close());
  const storage = watchStorage([
    { pool, schema: "sealdesk" },
    { pool: keyTree.pool, schema: "keystore" },
  ]);
  closers.add(storage.close);
  const watchers = await openWatchers(config, {
    pool,
    log,
    version,
    lostLogLines: ports.lostLogLines,
    isStorageFailing: storage.isFailing,
  });
  closers.add(() => watchers.close());
  const profiles = new Profiles(keyTree.subjects, () => serverKeys.blindIndexKeys);
  const leaveRewrapping = rewrapPeriodically(
    { ...keyTree, data: pool },
    (error) => log.error("keys could not be rewrapped", describeError(error)),
    watchers.metrics?.keystore.rewrapRemaining,
  );
  closers.add(leaveRewrapping);
  if (mode === "production") await refuseDevelopmentTenants(pool);
  const signer = await waitFor(log, "key service", kmsAuditSigner(kms));
  const auditLog = await waitFor(
    log,
    "audit log",
    runAuditLog(config.audit, {
      url: database.url,
      pool,
      cosignEveryMs: timings.cosignEveryMs,
      checkEveryMs: timings.checkEveryMs,
      signer,
      now,
      log,
      metrics: watchers.metrics,
    }),
  );
  closers.add(() => auditLog.close());
  const { redisUrl } = config;
  const redis = redisUrl && (await connectRedis(redisUrl, onLost("redis")));
  if (redis !== undefined) closers.add(() => redis.close());
  const accounts =
    mode === "development" && config.databaseUrl === undefined
      ? await openDevelopmentTenant(config, { pool, ownerUrl, profiles, now, newId })
      : [];

  // The public URL may depend on the port. So the server listens first, and then the app is
  // attached.
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const httpOptions = {
    headersMs: Math.min(timings.requestMs, HEADERS_MS),
    keepAliveMs: KEEP_ALIVE_MS,
    connections: config.httpConnections,
    networkOf: networkUnlessProxy(config.trustedProxies),
  };
  const http: Server = createHttpServer(httpOptions, () => handler);
  const address = await listen(http, config);
  const url = config.publicUrl ?? address;
  closers.add(() => closeHttp(http));

  const accessTokens = createAccessTokens({ keys: serverKeys, issuer: url });
  const usedProofs = () => {
    const here = new ReplayCache(PROOF_MEMORY_MS);
    return redis === undefined ? here : new SharedUsedProofs(redis.client, here, PROOF_MEMORY_MS);
  };
  const authenticator = createAuthenticator({ pool, accessTokens, replays: usedProofs() });
  const openLimits = (name: string, rates: MessageRates) =>
    openMessageLimits(name, rates, redis?.client, closers);
  const messageLimits = openLimits("messages", config.messageRates);
  const networkOf = networkBehind(config.trustedProxies);
  const heldBytes = new HeldBytes(config.heldBytes);
  watchers.metrics?.http.watchHeldBytes(() => heldBytes.total);
  const isKnownOrigin = createOriginCheck(pool);
  const dataPlane = await startDataPlane({
    http,
    pool,
    scopeKeys: keyTree.scopes,
    serverKeys,
    authenticator,
    publicUrl: url,
    messageLimits,
    openConversations: config.openConversations,
    frameRates: config.frameRates,
    helloLimits: {
      waitingSockets: config.waitingSockets,
      heldBytes,
      networkOf,
      isOriginOfAnyTenant: isKnownOrigin,
    },
    timings,
    now,
    log,
    pollMs: timings.pollMs,
    beatMs: timings.beatMs,
    reconcileEveryMs: timings.reconcileEveryMs,
    openHints: (listener) =>
      openHints(
        {
          node: newId(),
          flushMs: timings.hintFlushMs,
          databaseUrl: database.url,
          redis,
          keys: () => serverKeys.blindIndexKeys,
          onLost: onLost("hints"),
          onLag: watchers.metrics?.relay.hintLag,
        },
        listener,
      ),
    watchRoles: (onChanged) =>
      watchRoles({ url: database.url, onChanged, onLost: onLost("roles") }),
    watchers,
  });
  closers.add(() => dataPlane.close());

  const store = await openAttachmentStore(config.attachments);
  closers.add(() => store.close());
  const { uploadLifetimeMs, emptyUploadLifetimeMs } = config;
  const { scopes: scopeKeys } = keyTree;
  const attachments = {
    pool,
    store,
    scopeKeys,
    digests: new RunningDigests(),
    now,
    uploadLifetimeMs,
    emptyUploadLifetimeMs,
    onDamaged({ attachment, damage }: Parameters<OnDamaged>[0]) {
      log.error("stored attachment is damaged", { attachment, damage });
      watchers.metrics?.attachments.damaged(damage);
    },
  };
  const leaveSweeping = sweepAttachmentsPeriodically(attachments, (error) =>
    log.error("attachments could not be swept", describeError(error)),
  );
  closers.add(leaveSweeping);

  const leaveLinks = sweepLinksPeriodically({ pool, now }, (error) =>
    log.error("link requests could not be swept", describeError(error)),
  );
  closers.add(leaveLinks);

  closers.add(
    sweepSessionsPeriodically({ pool, now }, (error) =>
      log.error("ended sessions could not be swept", describeError(error)),
    ),
  );
  closers.add(
    sweepDaysPeriodically({ pool, now }, (error) =>
      log.error("counts of past days could not be swept", describeError(error)),
    ),
  );
  const leaveSums = writeSumsPeriodically({ pool, now }, (error) =>
    log.error("sums of repeated acts could not be written", describeError(error)),
  );
  closers.add(leaveSums);

  const stopping = new AbortController();
  const routes = createRoutes({
    config,
    pool,
    now,
    newId,
    publicUrl: url,
    accessTokens,
    profiles,
    signInProofs: usedProofs(),
    blindIndexKeys: () => serverKeys.blindIndexKeys,
    createLimiter: limiterFactory(redis?.client, () => serverKeys.blindIndexKey),
    announce: dataPlane.announce,
    disconnect: dataPlane.disconnect,
    overHttp: dataPlane.overHttp,
    messaging: dataPlane.messaging,
    creationLimits: openLimits("conversations", creationRates(config.conversationRates)),
    attachments,
    stopping: stopping.signal,
    heads: auditLog.heads,
    logKey: signer.publicKey,
    readiness: createReadiness({
      isCurrent: () => hasMigrations(pool, DATA),
      isKeystoreCurrent: () => hasMigrations(keyTree.pool, KEYSTORE),
      takesMessages: createMessageCheck(pool, now, newId),
      checkKms: () => kms.check(),
      isStorageFailing: storage.isFailing,
      auditRefusal: () => auditLog.refusal(),
      auditWarning: () => auditLog.warning(),
      isDraining: () => stopping.signal.aborted,
    }),
  });
  handler = createApp({
    routes,
    isOriginOfAnyTenant: isKnownOrigin,
    authenticator,
    actLimits: new ActLimits(config.actRates, () => performance.now()),
    publicUrl: url,
    bodies: { heldBytes, mostMs: timings.requestMs },
    networkOf,
    now,
    newId,
    log,
    version,
    sampleAccounts: accounts,
    onAnswered: watchers.metrics?.http.answered,
    tracing: watchers.tracing,
  });
  log.info("listening", { mode, embeddedDatabase: config.databaseUrl === undefined });
  return {
    url,
    address,
    metricsUrl: watchers.metricsUrl,
    accounts,
    failed: database.givenUp,
    async close() {
      stopping.abort();
      await wait(config.shutdownDelayMs);
      await closers.close();
    },
  };
}
