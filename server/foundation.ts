import type { NewId } from "../crypto/wire/ids.ts";
import type { LogSigner } from "../audit/logs.ts";
import type { AuthorityDeps } from "../identity/authority/current-key.ts";
import { kmsAuthority } from "../identity/authority/kms-authority.ts";
import { remoteAuthority } from "../identity/authority/remote-authority.ts";
import { TenantLimits } from "../identity/accounts/tenant-limits.ts";
import { Profiles } from "../identity/accounts/profiles.ts";
import { TotpSecrets } from "../identity/second-factor/totp-secrets.ts";
import type { Pool } from "../db/pool.ts";
import { runPeriodically } from "../db/run-periodically.ts";
import { kmsAuditSigner } from "../keys/audit-signer.ts";
import { runAuditLog, type RunningAuditLog } from "./audit-log.ts";
import { runErasureLedger, type RunningLedger } from "./erasure-ledger.ts";
import type { Closers } from "./closers.ts";
import type { Config } from "./config.ts";
import { refuseDevelopmentTenants } from "./development.ts";
import { describeError, type Log } from "./log.ts";
import { openSharedState, type SharedState } from "./nodes/shared-state.ts";
import { openStorage, type Storage } from "./storage.ts";
import { usualTimings, type Timings } from "./timings.ts";
import { waitFor } from "./wait-for.ts";
import { openWatchers, type OpenWatchers } from "./watchers.ts";

/**
 * Dependencies on the outside world. The main program provides them, and tests can replace them.
 */
export interface Ports {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly newId: NewId;
  readonly log: Log;
  readonly version: string;
  /** Aborted when the server must stop, also while it starts. */
  readonly stopping?: AbortSignal;
  /** Returns how many lines of the log were lost so far. */
  readonly lostLogLines?: () => number;
  /** Timings that differ from the usual ones. */
  readonly timings?: Partial<Timings>;
}

/** The parts that the control plane and the data plane need. */
export interface Foundation {
  readonly config: Config;
  readonly ports: Ports;
  readonly timings: Timings;
  readonly storage: Storage;
  readonly watchers: OpenWatchers;
  /** Signs the audit logs and the key logs. */
  readonly signer: LogSigner;
  readonly auditLog: RunningAuditLog;
  readonly erasureLedger: RunningLedger;
  readonly shared: SharedState;
  readonly tenantLimits: TenantLimits;
  readonly profiles: Profiles;
  readonly totpSecrets: TotpSecrets;
  /** Certifies the staff of all tenants. */
  readonly authority: AuthorityDeps;
  /** Returns a function that logs that the connection to `service` was lost. */
  readonly onLost: (service: string) => (error: unknown) => void;
}

/**
 * Opens the storage, the metrics and traces, the audit log, and the state that nodes share.
 * @throws ConfigError, KeysError (keyring), DatabaseError
 */
export async function openFoundation(
  config: Config,
  ports: Ports,
  closers: Closers,
): Promise<Foundation> {
  const { now, log, version, lostLogLines } = ports;
  const timings = { ...usualTimings, ...ports.timings };
  const onLost = (service: string) => (error: unknown) =>
    log.warn("connection lost", { service, ...describeError(error) });
  const { serverKeysPollMs } = timings;
  const storage = await openStorage(
    config,
    { now, log, serverKeysPollMs, onLost: onLost("keystore") },
    closers,
  );
  const { kms, database, serverKeys, keyTree, isFailing: isStorageFailing } = storage;
  const { pool } = database;
  const watchers = await openWatchers(config, {
    pool,
    log,
    version,
    lostLogLines,
    isStorageFailing,
  });
  closers.add(() => watchers.close());
  if (config.mode === "production") await refuseDevelopmentTenants(pool);
  const signer = await waitFor(log, "key service", kmsAuditSigner(kms));
  const opening = runAuditLog(config.audit, {
    url: database.url,
    pool,
    cosignEveryMs: timings.cosignEveryMs,
    checkEveryMs: timings.checkEveryMs,
    guardsEveryMs: timings.guardsEveryMs,
    outsideEveryMs: timings.outsideEveryMs,
    stateEveryMs: timings.stateEveryMs,
    changesEveryMs: timings.changesEveryMs,
    failingCheckMs: timings.failingCheckMs,
    sinkEveryMs: timings.sinkEveryMs,
    sinkLateMs: timings.sinkLateMs,
    unsignedWarningMs: timings.unsignedWarningMs,
    signer,
    now,
    log,
    metrics: watchers.metrics,
  });
  const auditLog = await waitFor(log, "audit log", opening);
  closers.add(() => auditLog.close());
  const erasureLedger = await waitFor(
    log,
    "erasure ledger",
    runErasureLedger(config, { ...ports, storage, everyMs: timings.ledgerEveryMs }),
  );
  closers.add(() => erasureLedger.close());
  const { redisUrl } = config;
  const shared = await openSharedState({ redisUrl, keys: serverKeys, onLost }, closers);
  const tenantLimits = await keepTenantLimits(pool, timings, log, closers);
  const profiles = new Profiles(keyTree.subjects, () => serverKeys.blindIndexKeys);
  const authority =
    config.authority === undefined ? kmsAuthority(kms, now) : remoteAuthority(config.authority);
  return {
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
    profiles,
    totpSecrets: new TotpSecrets(keyTree.subjects),
    authority: { pool, now, authority },
    onLost,
  };
}

/** Reads the limits of tenants before anybody is served, and then again from time to time. */
async function keepTenantLimits(
  pool: Pool,
  { suspensionPollMs }: Timings,
  log: Log,
  closers: Closers,
): Promise<TenantLimits> {
  const limits = new TenantLimits();
  await limits.read(pool);
  closers.add(
    runPeriodically(
      () => limits.read(pool),
      suspensionPollMs,
      (error) => log.error("limits of tenants could not be read", describeError(error)),
    ),
  );
  return limits;
}
