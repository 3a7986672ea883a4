import type { RequestListener, Server } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { DATA, hasMigrations, KEYSTORE } from "../db/schema-version.ts";
import {
  createCertifyAccount,
  type CertifyAccount,
} from "../identity/authority/certify-account.ts";
import { ApiRequests } from "../identity/administration/api-requests.ts";
import { createOriginCheck } from "../identity/accounts/origins.ts";
import { watchRoles } from "../identity/accounts/watch-roles.ts";
import { createAccessTokens, type AccessTokens } from "../identity/tokens/access-token.ts";
import { CustomerKeyFinder } from "../identity/tokens/customer-keys/customer-key-finder.ts";
import { fetchKeySet } from "../identity/tokens/customer-keys/fetch-key-set.ts";
import { createPasskeyChallenges } from "../identity/passkeys/challenges.ts";
import { createProviderFetch } from "../identity/providers/provider-fetch.ts";
import { ProviderClients } from "../identity/providers/provider-clients.ts";
import { RefusedSignIns } from "../identity/tokens/refused-sign-ins.ts";
import { createAuthenticator, type Authenticator } from "../identity/tokens/authenticate.ts";
import type { AttachmentDeps } from "../messaging/attachments/attachment-deps.ts";
import { DomainError } from "../policies/domain-error.ts";
import { openAttachments } from "./attachments.ts";
import { Closers } from "./closers.ts";
import type { Config } from "./config.ts";
import { startDataPlane, type DataPlane } from "./data-plane.ts";
import { openSampleAccounts } from "./sample-accounts.ts";
import type { DevelopmentAccount } from "./development.ts";
import { openFoundation, type Foundation, type Ports } from "./foundation.ts";
import { HeldBytes } from "./held-bytes.ts";
import { ActLimits } from "./http/act-limits.ts";
import { ApiKeyAccess } from "./http/api-key-access.ts";
import { createApp } from "./http/app.ts";
import { Attempts } from "./http/attempts.ts";
import { openHttpPort } from "./http/http-server.ts";
import { createRoutes } from "./http/routes.ts";
import { createMessageCheck } from "./message-check.ts";
import { describeError } from "./log.ts";
import { networkBehind } from "./network.ts";
import { startPeriodicTasks } from "./periodic-tasks.ts";
import { prepareHome } from "./prepare-home.ts";
import { createReadiness } from "./readiness.ts";
import { recordRun } from "./record-run.ts";
import { creationRates, withTenantRate } from "./socket/message-limits.ts";
import { unlessAborted, within } from "./unless-aborted.ts";
import { LoopShares } from "./socket/loop-shares.ts";

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
  const { now, log } = ports;
  await prepareHome(config);
  const foundation = await openFoundation(config, ports, closers);
  await recordRun(foundation, closers);
  const { storage, watchers, timings } = foundation;
  const { database } = storage;
  const accounts = await openSampleAccounts(foundation);
  const { http, address, serve } = await openHttpPort(config, timings.requestMs, closers);
  const entrance = createEntrance(foundation, config.publicUrl ?? address);
  const certify = createCertifyAccount(foundation.authority, (error) =>
    log.error("an account could not be certified", describeError(error)),
  );
  const dataPlane = await openDataPlane(http, foundation, entrance, certify);
  closers.add(() => dataPlane.close());
  const { pool } = database;
  const { metrics } = watchers;
  const { keyTree, kms } = storage;
  const attachments = await openAttachments(
    config,
    { pool, scopeKeys: keyTree.scopes, now, log, metrics },
    closers,
  );
  const { authority } = foundation;
  const { clockEveryMs } = foundation.timings;
  const refusedSignIns = new RefusedSignIns();
  const { disconnect } = dataPlane;
  startPeriodicTasks(
    {
      pool,
      now,
      log,
      keyTree,
      kms,
      attachments,
      authority,
      metrics,
      clockEveryMs,
      refusedSignIns,
      disconnect,
      outgoing: config.outgoing,
      erasure: {
        ledger: foundation.erasureLedger.ledger,
        keystore: keyTree.pool,
        isApart: config.keystoreUrl !== undefined,
        attachments,
        subjects: keyTree.subjects,
        reach: config.outgoing,
        heads: foundation.auditLog.heads,
        signer: foundation.signer,
        residualMs: config.keystoreBackupMs,
        nodesForgetMs: timings.nodesForgetMs,
        deviceAnswersMs: timings.deviceAnswersMs,
        forgetShared: foundation.shared.forget,
      },
    },
    closers,
  );

  const stopping = new AbortController();
  const served = {
    dataPlane,
    attachments,
    accounts,
    certify,
    refusedSignIns,
    stopping: stopping.signal,
  };
  serve(createControlPlane(foundation, entrance, served));
  log.info("listening", {
    mode: config.mode,
    embeddedDatabase: config.databaseUrl === undefined,
  });
  return {
    url: entrance.publicUrl,
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

/** The parts with which HTTP and the relay authenticate and count clients. */
interface Entrance {
  readonly publicUrl: string;
  readonly accessTokens: AccessTokens;
  readonly authenticator: Authenticator;
  /** As `networkBehind` returns it. */
  readonly networkOf: ReturnType<typeof networkBehind>;
  readonly heldBytes: HeldBytes;
  readonly loopShares: LoopShares;
  readonly isOriginOfAnyTenant: (origin: string) => Promise<boolean>;
}

function createEntrance(
  { config, storage: { database, serverKeys }, shared, watchers }: Foundation,
  publicUrl: string,
): Entrance {
  const { pool } = database;
  const accessTokens = createAccessTokens({ keys: serverKeys, issuer: publicUrl });
  const heldBytes = new HeldBytes(config.heldBytes);
  watchers.metrics?.http.watchHeldBytes(() => heldBytes.total);
  return {
    publicUrl,
    accessTokens,
    authenticator: createAuthenticator({ pool, accessTokens, replays: shared.usedProofs() }),
    networkOf: networkBehind(config.trustedProxies),
    heldBytes,
    loopShares: new LoopShares(() => performance.now()),
    isOriginOfAnyTenant: createOriginCheck(pool),
  };
}

function openDataPlane(
  http: Server,
  { config, ports, timings, storage, watchers, shared, tenantLimits, onLost }: Foundation,
  { publicUrl, authenticator, heldBytes, loopShares, networkOf, isOriginOfAnyTenant }: Entrance,
  certify: CertifyAccount,
): Promise<DataPlane> {
  const { now, newId, log } = ports;
  const { database, serverKeys, keyTree } = storage;
  const { waitingSockets } = config;
  return startDataPlane({
    http,
    pool: database.pool,
    scopeKeys: keyTree.scopes,
    serverKeys,
    authenticator,
    publicUrl,
    messageLimits: shared.messageLimits("messages", (tenant) =>
      withTenantRate(config.messageRates, tenantLimits.of(tenant).messages),
    ),
    openConversations: config.openConversations,
    frameRates: config.frameRates,
    loopShares,
    limitsOf: tenantLimits.of,
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
          onLag: watchers.metrics?.relay.hintLag,
        },
        listener,
      ),
    watchRoles: (onChanged) =>
      watchRoles({
        url: database.url,
        onChanged(tenant, user) {
          onChanged(tenant, user);
          void certify({ tenant, user });
        },
        onLost: onLost("roles"),
      }),
    watchers,
  });
}

/** The parts that the control plane uses in addition to the foundation. */
interface Served {
  readonly dataPlane: DataPlane;
  readonly attachments: AttachmentDeps;
  readonly accounts: readonly DevelopmentAccount[];
  readonly certify: CertifyAccount;
  readonly refusedSignIns: RefusedSignIns;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/** Creates the routes, and the app that serves them. */
function createControlPlane(
  {
    config,
    ports,
    timings,
    storage,
    watchers,
    signer,
    auditLog,
    erasureLedger,
    shared,
    tenantLimits,
    ...names
  }: Foundation,
  {
    publicUrl,
    accessTokens,
    authenticator,
    networkOf,
    heldBytes,
    loopShares,
    isOriginOfAnyTenant,
  }: Entrance,
  { dataPlane, attachments, accounts, certify, refusedSignIns, stopping }: Served,
): RequestListener {
  const { now, newId, log, version } = ports;
  const { kms, database, serverKeys, keyTree, isFailing: isStorageFailing } = storage;
  const { pool } = database;
  const newConversations = creationRates(config.conversationRates);
  const routes = createRoutes({
    config,
    pool,
    ownerUrl: database.ownerUrl,
    apiRequests: new ApiRequests(pool, () => serverKeys.blindIndexKeys),
    now,
    newId,
    publicUrl,
    accessTokens,
    profiles: names.profiles,
    keystore: config.keystoreUrl === undefined ? undefined : keyTree.pool,
    subjects: keyTree.subjects,
    totpSecrets: names.totpSecrets,
    challenges: createPasskeyChallenges({ keys: serverKeys, issuer: publicUrl }),
    customerKeys: new CustomerKeyFinder({
      fetch: (url) => fetchKeySet(url, config.outgoing),
      onFailed: (tenant, error) =>
        log.warn("customer keys could not be fetched", {
          tenant,
          ...describeError(error),
          reasons: error instanceof DomainError ? error.reasons.join(" ") : undefined,
        }),
    }),
    providers: new ProviderClients({
      subjects: keyTree.subjects,
      fetch: createProviderFetch(config.outgoing),
      allowsHttp: config.outgoing.allowsLocalHttp,
    }),
    signInProofs: shared.usedProofs(),
    refusedSignIns,
    blindIndexKeys: () => serverKeys.blindIndexKeys,
    frankingKeys: () => serverKeys.frankingKeys,
    createLimiter: shared.createLimiter,
    announce: dataPlane.announce,
    onUnannounced: (error) => log.error("a reset could not be announced yet", describeError(error)),
    certify,
    disconnect: dataPlane.disconnect,
    overHttp: dataPlane.overHttp,
    messaging: dataPlane.messaging,
    creationLimits: shared.messageLimits("conversations", (tenant) =>
      withTenantRate(newConversations, tenantLimits.of(tenant).conversations),
    ),
    attachments,
    stopping,
    heads: auditLog.heads,
    publication: config.audit.publication,
    logSigner: signer,
    destroying: {
      keystore: keyTree.pool,
      apart: config.keystoreUrl === undefined ? undefined : pool,
      now,
    },
    withLedger: erasureLedger.withLedger,
    checks: {
      keystore: keyTree.pool,
      kms,
      facts: {
        publicUrl,
        isKeystoreApart: config.keystoreUrl !== undefined,
        keystoreBackupMs: config.keystoreBackupMs,
        audit: config.audit,
      },
    },
    readiness: createReadiness({
      isCurrent: () => hasMigrations(pool, DATA),
      isKeystoreCurrent: () => hasMigrations(keyTree.pool, KEYSTORE),
      takesMessages: createMessageCheck(pool, now, newId),
      checkKms: () => kms.check(),
      isStorageFailing,
      auditRefusal: () => auditLog.refusal(),
      ledgerRefusal: () => erasureLedger.refusal(),
      auditWarnings: () => auditLog.warnings(),
      isDraining: () => stopping.aborted,
    }),
  });
  return createApp({
    routes,
    isOriginOfAnyTenant,
    authenticator,
    apiKeys: new ApiKeyAccess(
      { pool, now },
      new Attempts(shared.createLimiter("api-key-network", config.networkSignInLimit)),
    ),
    actLimits: new ActLimits(config.actRates, tenantLimits.of, () => performance.now()),
    loopShares,
    publicUrl,
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
}
