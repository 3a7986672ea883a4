import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Pool } from "../../db/pool.ts";
import { damages, type Damage } from "../../messaging/attachments/damage.ts";
import { createAuditMetrics, type AuditMetrics } from "./audit-metrics.ts";
import { createHttpMetrics, type HttpMetrics } from "./http-metrics.ts";
import { countOf, gaugeOf, labelledCounter } from "./instruments.ts";
import { createLogMetrics, type LogMetrics } from "./log-metrics.ts";
import { createRelayMetrics, type RelayMetrics } from "./relay-metrics.ts";

/** All metrics of this server. */
export interface Metrics {
  readonly attachments: AttachmentMetrics;
  readonly audit: AuditMetrics;
  readonly http: HttpMetrics;
  readonly log: LogMetrics;
  readonly keystore: KeystoreMetrics;
  readonly relay: RelayMetrics;
  /** Returns the text of one scrape and its media type. */
  scrape(): Promise<{ readonly text: string; readonly contentType: string }>;
}

interface Deps {
  readonly pool: Pool;
  readonly version: string;
  readonly lostLogLines?: (() => number) | undefined;
  readonly isStorageFailing?: (() => boolean) | undefined;
}

/** Creates a registry with every metric. Two servers in one process count separately. */
export function createMetrics({
  pool,
  version,
  lostLogLines = () => 0,
  isStorageFailing = () => false,
}: Deps): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "sealdesk_build_info",
    help: "1, with the version that runs",
    labelNames: ["version"],
    registers: [registry],
  }).set({ version }, 1);
  gaugeOf(registry, "sealdesk_database_connections", "Connections to the database", {
    label: "state",
    read: () => ({ idle: pool.idleCount, busy: pool.totalCount - pool.idleCount }),
  });
  gaugeOf(
    registry,
    "sealdesk_database_waiting",
    "Requests that wait for a connection to the database",
    { read: () => pool.waitingCount },
  );
  gaugeOf(registry, "sealdesk_storage_failing", "1 while the database stores nothing", {
    read: () => Number(isStorageFailing()),
  });
  countOf(
    registry,
    "sealdesk_log_lines_lost_total",
    "Lines of the log that standard output did not take",
    lostLogLines,
  );
  return {
    attachments: createAttachmentMetrics(registry),
    audit: createAuditMetrics(registry),
    http: createHttpMetrics(registry),
    log: createLogMetrics(registry),
    keystore: createKeystoreMetrics(registry),
    relay: createRelayMetrics(registry),
    scrape: async () => ({
      text: await registry.metrics(),
      contentType: registry.contentType,
    }),
  };
}

/** Stored attachments. */
interface AttachmentMetrics {
  /** Counts a request for an attachment whose stored bytes differ from the sealed ones. */
  readonly damaged: (damage: Damage) => void;
}

const createAttachmentMetrics = (registry: Registry): AttachmentMetrics => ({
  damaged: labelledCounter(
    registry,
    "sealdesk_attachments_damaged_total",
    "Attachments that were not served because their stored bytes are not what was sealed",
    { label: "damage", values: damages },
  ),
});

/** Metrics of the keys that seal data at rest. */
interface KeystoreMetrics {
  /** @param keys that the running re-wrapping has not reached yet */
  readonly rewrapRemaining: (keys: number) => void;
}

function createKeystoreMetrics(registry: Registry): KeystoreMetrics {
  let remaining = 0;
  gaugeOf(
    registry,
    "sealdesk_rewrap_remaining_keys",
    "Subject keys that are under an earlier version of their key-encryption key",
    { read: () => remaining },
  );
  return { rewrapRemaining: (keys) => void (remaining = keys) };
}
