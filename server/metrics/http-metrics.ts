import { Counter, Histogram, type Registry } from "prom-client";
import type { Answered } from "../http/log-requests.ts";
import { gaugeOf, secondsBuckets } from "./instruments.ts";

/** Metrics of the control plane's requests. */
export interface HttpMetrics {
  readonly answered: (request: Answered) => void;
  /** @param read returns the bytes of bodies and hellos that are not complete */
  readonly watchHeldBytes: (read: () => number) => void;
}

const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "DELETE"]);

export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: "sealdesk_http_requests_total",
    help: "Requests answered, by route pattern and status",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const seconds = new Histogram({
    name: "sealdesk_http_request_seconds",
    help: "Time to answer a request, by route pattern",
    labelNames: ["method", "route"],
    buckets: secondsBuckets,
    registers,
  });
  const problems = new Counter({
    name: "sealdesk_http_problems_total",
    help: "Requests answered with a problem, by code",
    labelNames: ["code"],
    registers,
  });
  return {
    watchHeldBytes: (read) =>
      gaugeOf(
        registry,
        "sealdesk_held_bytes",
        "Bytes kept for bodies and hellos that are not complete",
        {
          read,
        },
      ),
    answered({ method: asked, route, status, code, durationMs }) {
      const method = METHODS.has(asked) ? asked : "other";
      requests.inc({ method, route, status });
      seconds.observe({ method, route }, Math.max(0, durationMs) / 1000);
      if (code !== undefined) problems.inc({ code });
    },
  };
}
