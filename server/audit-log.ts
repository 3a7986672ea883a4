import type { CheckpointStore } from "../audit/checkpoints/checkpoint-store.ts";
import { openCheckpointStore } from "../audit/checkpoints/open-store.ts";
import type { AuditError, AuditErrorCode } from "../audit/audit-error.ts";
import { AppendedEntries, watchAppended } from "../audit/check/appended-entries.ts";
import { Noticed } from "../audit/check/noticed.ts";
import { LogChecker } from "../audit/check/log-checker.ts";
import { KnownHeads } from "../audit/read/known-heads.ts";
import type { Pool } from "../db/pool.ts";
import { StateChecker } from "../identity/reconcile/state-checker.ts";
import { Integrator } from "../audit/integrate/integrator.ts";
import type { LogSigner } from "../audit/logs.ts";
import type { AuditSettings } from "../audit/checkpoints/audit-settings.ts";
import { RepeatedCounts, watchRepeated } from "../audit/repeated-counts.ts";
import { AuditSinks } from "../audit/sinks/audit-sinks.ts";
import { Witnesses } from "../audit/witness/witnesses.ts";
import { WitnessError } from "../audit/witness/witness-error.ts";
import { describeError, type Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import {
  auditReasons,
  readyWarnings,
  type NotReadyReason,
  type ReadyWarning,
} from "./readiness.ts";

interface Deps {
  readonly url: string;
  /** The pool whose transactions append entries. */
  readonly pool: Pool;
  /** Time between two steps of the check of everything that the logs hold. */
  readonly checkEveryMs: number;
  /** Time between two comparisons of the database's guards. */
  readonly guardsEveryMs: number;
  /** Time between two comparisons with the checkpoints kept outside. */
  readonly outsideEveryMs: number;
  /** Time between two comparisons of accounts, roles and settings with the logs. */
  readonly stateEveryMs: number;
  /** Time between two looks at what PostgreSQL counts of changed rows. */
  readonly changesEveryMs: number;
  /** The time after which a check that keeps failing is reported. */
  readonly failingCheckMs: number;
  /** Time between two looks for entries that a sink was not given. */
  readonly sinkEveryMs: number;
  /** The time for which an entry may wait for a sink. */
  readonly sinkLateMs: number;
  /** The time without a signature from which an entry is reported. */
  readonly unsignedWarningMs: number;
  /** Time between two searches for heads that a witness has not cosigned. */
  readonly cosignEveryMs: number;
  readonly signer: LogSigner;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
}

export interface RunningAuditLog {
  /** Returns the reason why the log is not continued; undefined if it is. */
  refusal(): NotReadyReason | undefined;
  /** Returns what somebody must examine while the server serves on. */
  warnings(): readonly ReadyWarning[];
  /** The heads that this node saw of the logs. All readers of the logs share it. */
  readonly heads: KnownHeads;
  close(): Promise<void>;
}

/** Integrates and signs audit entries, unless another node does so. */
export async function runAuditLog(config: AuditSettings, deps: Deps): Promise<RunningAuditLog> {
  const { url, pool, signer, now, log, metrics } = deps;
  const heads = new KnownHeads(signer.publicKey);
  const appended = new AppendedEntries();
  watchAppended(pool, appended);
  const store = await openCheckpointStore(config.checkpoints, now);
  const witnesses =
    config.witnesses.length === 0 ? undefined : createWitnesses(config, store, deps);
  const integrator = new Integrator({
    url,
    originPrefix: config.originPrefix,
    signer,
    store,
    approvers: config.restoreApprovers,
    heads,
    witnesses,
    onIntegrated: (entries) => metrics?.audit.integrated(entries),
    onError: (error) => log.error("the audit log could not be continued", describeError(error)),
  });
  const checker = new LogChecker({
    pool,
    heads,
    appended,
    outside: { store, publicKey: signer.publicKey, approvers: config.restoreApprovers },
    outsideEveryMs: deps.outsideEveryMs,
    everyMs: deps.checkEveryMs,
    guardsEveryMs: deps.guardsEveryMs,
    changesEveryMs: deps.changesEveryMs,
    failingMs: deps.failingCheckMs,
    onFinding: (error) => log.error("the check of the audit logs failed", describeError(error)),
  });
  const states = new StateChecker({
    pool,
    heads,
    everyMs: deps.stateEveryMs,
    failingMs: deps.failingCheckMs,
    onFinding: (error) =>
      log.error("the comparison of accounts and settings failed", describeError(error)),
  });
  const lostCounts = new Noticed((error) =>
    log.error("a count of repeated acts was changed", describeError(error)),
  );
  watchRepeated(pool, new RepeatedCounts((error) => lostCounts.add(error)));
  const sinks = await AuditSinks.open({
    ...config.sinks,
    url,
    pool,
    heads,
    now,
    everyMs: deps.sinkEveryMs,
    lateMs: deps.sinkLateMs,
    compareEveryMs: deps.stateEveryMs,
    onFinding: (error) =>
      log.error("a position of an audit sink was changed", describeError(error)),
    onTrouble: (sink, error, origin) =>
      log.error("audit entries could not be delivered", {
        sink,
        ...(origin !== undefined && { origin }),
        ...describeError(error),
      }),
    onUnknown: (error) =>
      log.error("the positions of audit sinks could not be read", describeError(error)),
  });
  const reasonOf = (errors: readonly (AuditError | undefined)[]) =>
    errors
      .map((error) => auditReasons.find((reason) => reason === error?.code))
      .find((reason) => reason !== undefined);
  const findings = () => [
    ...checker.findings,
    ...states.findings,
    ...sinks.findings,
    ...lostCounts.all,
  ];
  const count = (...codes: readonly AuditErrorCode[]) =>
    findings().filter(({ code }) => codes.includes(code)).length;
  const isUnsigned = () => integrator.pendingAgeMs > deps.unsignedWarningMs;
  const isFound = (warning: ReadyWarning) => {
    if (warning === "audit_log_unsigned") return isUnsigned();
    return warning === "audit_sink_late" ? sinks.isLate : count(warning) > 0;
  };
  metrics?.audit.watch({
    pendingAgeMs: () => integrator.pendingAgeMs,
    unsignedAgeMs: () => integrator.unsignedAgeMs,
    refused: () => integrator.refusal !== undefined,
    altered: () => checker.findings.some(({ code }) => code !== "audit_log_unchecked"),
    unchecked: () => count("audit_log_unchecked"),
    differing: () => count("audit_state_differs"),
    sinkLagsMs: () => sinks.lagsMs,
    refusesActs: () => sinks.isBlocking,
    checkedAgeMs: () => checker.ageMs,
    witnessDisagrees: () => witnesses?.disagreements ?? 0,
  });
  return {
    refusal: () => reasonOf([integrator.refusal, ...checker.findings]),
    warnings: () => readyWarnings.filter(isFound),
    heads,
    async close() {
      await Promise.all([integrator.close(), checker.close(), states.close(), sinks.close()]);
      await store.close();
    },
  };
}

function createWitnesses(
  { witnesses, originPrefix }: AuditSettings,
  store: CheckpointStore,
  { url, signer, cosignEveryMs, log, metrics }: Deps,
): Witnesses {
  return new Witnesses({
    url,
    witnesses,
    originPrefix,
    store,
    publicKey: signer.publicKey,
    everyMs: cosignEveryMs,
    onCosigned: (witness) => metrics?.audit.cosigned(witness),
    onFailure: (witness, code) => metrics?.audit.notCosigned(witness, code),
    onTrouble(error, where) {
      const fields = { ...where, ...describeError(error) };
      if (error instanceof WitnessError && error.code === "disagrees")
        log.error("a witness says that it saw another history of an audit log", fields);
      else log.warn("heads of audit logs not cosigned", fields);
    },
  });
}
