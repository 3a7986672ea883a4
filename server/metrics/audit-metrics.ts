import { Counter, type Registry } from "prom-client";
import type { WitnessErrorCode } from "../../audit/witness/witness-error.ts";
import { gaugeOf } from "./instruments.ts";

/** Metrics of the audit log's growth. */
export interface AuditMetrics {
  readonly integrated: (entries: number) => void;
  readonly cosigned: (witness: string) => void;
  readonly notCosigned: (witness: string, code: WitnessErrorCode) => void;
  readonly watch: (state: {
    readonly pendingAgeMs: () => number;
    readonly unsignedAgeMs: () => number;
    readonly refused: () => boolean;
    readonly altered: () => boolean;
    readonly unchecked: () => number;
    readonly differing: () => number;
    readonly sinkLagsMs: () => ReadonlyMap<string, number>;
    readonly refusesActs: () => boolean;
    readonly checkedAgeMs: () => number;
    readonly witnessDisagrees: () => number;
  }) => void;
}

export function createAuditMetrics(registry: Registry): AuditMetrics {
  const integrated = new Counter({
    name: "sealdesk_audit_entries_integrated_total",
    help: "Audit entries that this node gave their place in a log",
    registers: [registry],
  });
  const cosigned = new Counter({
    name: "sealdesk_audit_cosignatures_total",
    help: "Heads of logs that a witness cosigned",
    labelNames: ["witness"],
    registers: [registry],
  });
  const notCosigned = new Counter({
    name: "sealdesk_audit_witness_failures_total",
    help: "Heads of logs that a witness was asked to cosign and did not",
    labelNames: ["witness", "code"],
    registers: [registry],
  });
  return {
    integrated: (entries) => integrated.inc(entries),
    cosigned: (witness) => cosigned.inc({ witness }),
    notCosigned: (witness, code) => notCosigned.inc({ witness, code }),
    watch({
      pendingAgeMs,
      unsignedAgeMs,
      refused,
      altered,
      unchecked,
      differing,
      sinkLagsMs,
      refusesActs,
      checkedAgeMs,
      witnessDisagrees,
    }) {
      gaugeOf(
        registry,
        "sealdesk_audit_pending_seconds",
        "For how long the oldest audit entry has waited to be added to its log, or for a signed head of it",
        { read: () => pendingAgeMs() / 1_000 },
      );
      gaugeOf(
        registry,
        "sealdesk_audit_unsigned_seconds",
        "For how long heads of audit logs have had no signature that is stored",
        { read: () => unsignedAgeMs() / 1_000 },
      );
      gaugeOf(registry, "sealdesk_audit_refused", "1 while the audit log is not continued", {
        read: () => Number(refused()),
      });
      gaugeOf(
        registry,
        "sealdesk_audit_altered",
        "1 while the database does not hold the audit entries that were signed, or its guards were altered",
        { read: () => Number(altered()) },
      );
      gaugeOf(
        registry,
        "sealdesk_audit_unchecked",
        "Checks of audit logs, and of the database against them, that have failed for too long",
        { read: unchecked },
      );
      gaugeOf(
        registry,
        "sealdesk_audit_state_differs",
        "Audit logs that the accounts, roles, settings or recorded migrations in the database do not agree with",
        { read: differing },
      );
      gaugeOf(
        registry,
        "sealdesk_audit_sink_lag_seconds",
        "For how long the oldest audit entry that a sink was not given has had its place in the log",
        { label: "sink", read: () => inSeconds(sinkLagsMs()) },
      );
      gaugeOf(
        registry,
        "sealdesk_audit_acts_refused",
        "1 while acts are refused because too few sinks take audit entries",
        { read: () => Number(refusesActs()) },
      );
      gaugeOf(
        registry,
        "sealdesk_audit_checked_seconds",
        "For how long this node has not read every audit log through to its end",
        { read: () => checkedAgeMs() / 1_000 },
      );
      gaugeOf(
        registry,
        "sealdesk_audit_witness_disagrees",
        "Logs of which a witness says, without proof, that it saw another history",
        { read: witnessDisagrees },
      );
    },
  };
}

const inSeconds = (lagsMs: ReadonlyMap<string, number>): Readonly<Record<string, number>> =>
  Object.fromEntries([...lagsMs].map(([sink, lagMs]) => [sink, lagMs / 1_000]));
