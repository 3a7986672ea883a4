import type { Pool } from "../db/pool.ts";
import type { Config } from "./config.ts";
import { Closers } from "./closers.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { tracePool } from "./tracing/trace-pool.ts";
import type { Tracing } from "./tracing/tracing.ts";

/** The metrics and traces of a server. Both are undefined unless configured. */
export interface Watchers {
  readonly metrics?: Metrics | undefined;
  readonly tracing?: Tracing | undefined;
}

export interface OpenWatchers extends Watchers {
  readonly metricsUrl: string | undefined;
  close(): Promise<void>;
}

interface Deps {
  readonly pool: Pool;
  readonly log: Log;
  readonly version: string;
  readonly lostLogLines?: (() => number) | undefined;
  readonly isStorageFailing: () => boolean;
}

/**
 * Opens metrics and traces as configured. Their packages are loaded only if they are configured. So
 * they cost other servers no startup time and no memory.
 * @throws ConfigError if the server cannot listen on the address for metrics
 */
export async function openWatchers(config: Config, deps: Deps): Promise<OpenWatchers> {
  const closers = new Closers();
  const served = config.metrics && (await openMetrics(config.metrics, deps, closers));
  const tracing = config.traces && (await openTraces(config.traces, deps, closers));
  return {
    metrics: served?.metrics,
    metricsUrl: served?.url,
    tracing,
    close: () => closers.close(),
  };
}

async function openMetrics(
  address: NonNullable<Config["metrics"]>,
  { pool, version, lostLogLines, isStorageFailing }: Deps,
  closers: Closers,
): Promise<{ readonly metrics: Metrics; readonly url: string }> {
  const [{ createMetrics }, { serveMetrics }] = await Promise.all([
    import("./metrics/metrics.ts"),
    import("./metrics/serve-metrics.ts"),
  ]);
  const metrics = createMetrics({ pool, version, lostLogLines, isStorageFailing });
  const served = await serveMetrics(metrics, address);
  closers.add(() => served.close());
  return { metrics, url: served.url };
}

async function openTraces(
  traces: NonNullable<Config["traces"]>,
  { pool, log, version }: Deps,
  closers: Closers,
): Promise<Tracing> {
  const { createTracing } = await import("./tracing/open-telemetry.ts");
  // The receiver's answer is not logged, because it contains addresses.
  const onLost = () => log.warn("the receiver did not accept traces");
  const tracing = createTracing({ ...traces, version, onLost });
  closers.add(() => tracing.close());
  tracePool(pool, tracing);
  return tracing;
}
