import { setTimeout as wait } from "node:timers/promises";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { DATA, hasMigrations, KEYSTORE } from "../db/schema-version.ts";
import { createOriginCheck } from "../identity/accounts/origins.ts";
import { Profiles } from "../identity/accounts/profiles.ts";
import { watchRoles } from "../identity/accounts/watch-roles.ts";
import { kmsAuditSigner } from "../keys/audit-signer.ts";
import { createAccessTokens } from "../identity/tokens/access-token.ts";
import { createAuthenticator } from "../identity/tokens/authenticate.ts";
import { openAttachments } from "./attachments.ts";
import { runAuditLog } from "./audit-log.ts";
import { Closers } from "./closers.ts";
import type { Config } from "./config.ts";
import { startDataPlane } from "./data-plane.ts";
import {
  openDevelopmentTenant,
  refuseDevelopmentTenants,
  type DevelopmentAccount,
} from "./development.ts";
import { HeldBytes } from "./held-bytes.ts";
import { ActLimits } from "./http/act-limits.ts";
import { createApp } from "./http/app.ts";
import { openHttpPort } from "./http/http-port.ts";
import { createRoutes } from "./http/routes.ts";
import { describeError, type Log } from "./log.ts";
import { createMessageCheck } from "./message-check.ts";
import { networkBehind } from "./network.ts";
import { openSharedState } from "./nodes/shared-state.ts";
import { startPeriodicTasks } from "./periodic-tasks.ts";
import { prepareHome } from "./prepare-home.ts";
import { createReadiness } from "./readiness.ts";
import { creationRates } from "./socket/message-limits.ts";
import { openStorage } from "./storage.ts";
import { usualTimings, type Timings } from "./timings.ts";
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
  /** Timings that differ from the usual ones. */
  readonly timings?: Partial<Timings>;
}

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
   * Stops the server. It reports that it is not ready and continues to serve until load balancers
   * have noticed. Then it moves devices to other nodes, answers what it accepted, and stops the
   * database.
   */
  close(): Promise<void>;
}

/** The longest time for a failed or aborted start to close what it opened. */
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
  const onLost = (service: string) => (error: unknown) =>
    log.warn("connection lost", { service, ...describeError(error) });
  await prepareHome(config);
  const { serverKeysPollMs } = timings;
  const storage = await openStorage(
    config,
    { now, log, serverKeysPollMs, onLost: onLost("keystore") },
    closers,
  );
  const { kms, database, serverKeys, keyTree, isFailing: isStorageFailing } = storage;
  const { pool } = database;
  const { scopes: scopeKeys } = keyTree;
  const watchers = await openWatchers(config, {
    pool,
    log,
    version,
    lostLogLines: ports.lostLogLines,
    isStorageFailing,
  });
  closers.add(() => watchers.close());
  const { metrics, tracing } = watchers;
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
      metrics,
    }),
  );
  closers.add(() => auditLog.close());
  const { redisUrl } = config;
  const shared = await openSharedState({ redisUrl, keys: serverKeys, onLost }, closers);
  const profiles = new Profiles(keyTree.subjects, () => serverKeys.blindIndexKeys);
  const accounts =
    mode === "development" && config.databaseUrl === undefined
      ? await openDevelopmentTenant(config, {
          pool,
          ownerUrl: database.ownerUrl,
          profiles,
          now,
          newId,
        })
      : [];

  const { http, address, serve } = await openHttpPort(config, timings.requestMs, closers);
  const publicUrl = config.publicUrl ?? address;
  const accessTokens = createAccessTokens({ keys: serverKeys, issuer: publicUrl });
  const authenticator = createAuthenticator({ pool, accessTokens, replays: shared.usedProofs() });
  const networkOf = networkBehind(config.trustedProxies);
  const heldBytes = new HeldBytes(config.heldBytes);
  metrics?.http.watchHeldBytes(() => heldBytes.total);
  const isOriginOfAnyTenant = createOriginCheck(pool);
  const { waitingSockets } = config;
  const dataPlane = await startDataPlane({
    http,
    pool,
    scopeKeys,
    serverKeys,
    authenticator,
    publicUrl,
    messageLimits: shared.messageLimits("messages", config.messageRates),
    openConversations: config.openConversations,
    frameRates: config.frameRates,
    helloLimits: { waitingSockets, heldBytes, networkOf, isOriginOfAnyTenant },
    timings,
    now,
    log,
    openHints: (listener) =>
      shared.openHints(
        {
          node: newId(),
          flushMs: timings.hintFlushMs,
          databaseUrl: database.url,
          onLag: metrics?.relay.hintLag,
        },
        listener,
      ),
    watchRoles: (onChanged) =>
      watchRoles({ url: database.url, onChanged, onLost: onLost("roles") }),
    watchers,
  });
  closers.add(() => dataPlane.close());

  const attachments = await openAttachments(
    config,
    { pool, scopeKeys, now, log, metrics },
    closers,
  );
  startPeriodicTasks({ pool, now, log, keyTree, attachments, metrics }, closers);

  const stopping = new AbortController();
  const routes = createRoutes({
    config,
    pool,
    now,
    newId,
    publicUrl,
    accessTokens,
    profiles,
    signInProofs: shared.usedProofs(),
    blindIndexKeys: () => serverKeys.blindIndexKeys,
    createLimiter: shared.createLimiter,
    announce: dataPlane.announce,
    disconnect: dataPlane.disconnect,
    overHttp: dataPlane.overHttp,
    messaging: dataPlane.messaging,
    creationLimits: shared.messageLimits("conversations", creationRates(config.conversationRates)),
    attachments,
    stopping: stopping.signal,
    heads: auditLog.heads,
    logKey: signer.publicKey,
    readiness: createReadiness({
      isCurrent: () => hasMigrations(pool, DATA),
      isKeystoreCurrent: () => hasMigrations(keyTree.pool, KEYSTORE),
      takesMessages: createMessageCheck(pool, now, newId),
      checkKms: () => kms.check(),
      isStorageFailing,
      auditRefusal: () => auditLog.refusal(),
      auditWarning: () => auditLog.warning(),
      isDraining: () => stopping.signal.aborted,
    }),
  });
  const app = createApp({
    routes,
    isOriginOfAnyTenant,
    authenticator,
    actLimits: new ActLimits(config.actRates, () => performance.now()),
    publicUrl,
    bodies: { heldBytes, mostMs: timings.requestMs },
    networkOf,
    now,
    newId,
    log,
    version,
    sampleAccounts: accounts,
    onAnswered: metrics?.http.answered,
    tracing,
  });
  serve(app);
  log.info("listening", { mode, embeddedDatabase: config.databaseUrl === undefined });
  return {
    url: publicUrl,
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
