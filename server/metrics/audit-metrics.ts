import { Counter, type Registry } from "prom-client";
import { gaugeOf } from "./instruments.ts";

/** The audit log, as it grows. */
export interface AuditMetrics {
  readonly integrated: (entries: number) => void;
  readonly watch: (state: {
    readonly pendingAgeMs: () => number;
    readonly refused: () => boolean;
  }) => void;
}

export function createAuditMetrics(registry: Registry): AuditMetrics {
  const integrated = new Counter({
    name: "sealdesk_audit_entries_integrated_total",
    help: "Audit entries that this node gave their place in a log",
    registers: [registry],
  });
  return {
    integrated: (entries) => integrated.inc(entries),
    watch({ pendingAgeMs, refused }) {
      gaugeOf(
        registry,
        "sealdesk_audit_pending_seconds",
        "For how long the oldest audit entry has waited for its place",
        { read: () => pendingAgeMs() / 1_000 },
      );
      gaugeOf(registry, "sealdesk_audit_refused", "1 while the audit log is not continued", {
        read: () => Number(refused()),
      });
    },
  };
}
