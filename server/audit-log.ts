import type { CheckpointStore } from "../audit/checkpoints/checkpoint-store.ts";
import { openCheckpointStore } from "../audit/checkpoints/open-store.ts";
import type { AuditErrorCode } from "../audit/audit-error.ts";
import { Integrator } from "../audit/integrate/integrator.ts";
import type { LogSigner } from "../audit/logs.ts";
import type { AuditSettings } from "../audit/checkpoints/audit-settings.ts";
import { Witnesses } from "../audit/witness/witnesses.ts";
import { WitnessError } from "../audit/witness/witness-error.ts";
import { describeError, type Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { NotReadyReason } from "./readiness.ts";

interface Deps {
  readonly url: string;
  /** Time between two searches for heads that a witness has not cosigned. */
  readonly cosignEveryMs: number;
  readonly signer: LogSigner;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
}

export interface RunningAuditLog {
  /** The reason why the log is not continued; undefined while it is. */
  refusal(): NotReadyReason | undefined;
  close(): Promise<void>;
}

const reasons: Partial<Record<AuditErrorCode, NotReadyReason>> = {
  log_behind: "audit_log_behind",
  log_inconsistent: "audit_log_inconsistent",
  invalid_checkpoint: "audit_checkpoint_invalid",
};

/** Integrates and signs audit entries, unless another node does so. */
export async function runAuditLog(config: AuditSettings, deps: Deps): Promise<RunningAuditLog> {
  const { url, signer, now, log, metrics } = deps;
  const store = await openCheckpointStore(config.checkpoints, now);
  const witnesses = config.witnesses.length === 0 ? undefined : openWitnesses(config, store, deps);
  const integrator = new Integrator({
    url,
    originPrefix: config.originPrefix,
    signer,
    store,
    witnesses,
    onIntegrated: (entries) => metrics?.audit.integrated(entries),
    onError: (error) => log.error("the audit log could not be continued", describeError(error)),
  });
  const refusal = () => integrator.refusal && reasons[integrator.refusal.code];
  metrics?.audit.watch({
    pendingAgeMs: () => integrator.pendingAgeMs,
    refused: () => refusal() !== undefined,
    witnessDisagrees: () => witnesses?.disagreements ?? 0,
  });
  return {
    refusal,
    async close() {
      await integrator.close();
      await store.close();
    },
  };
}

function openWitnesses(
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
