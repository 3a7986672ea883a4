import { AsyncLocalStorage } from "node:async_hooks";
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { knownCode } from "../metrics/known-code.ts";
import type { Annotate, SpanAttributes, Tracing } from "./tracing.ts";

const EXPORT_LIMIT_MS = 5_000;

export interface TracingOptions {
  /** Base URL of an OTLP/HTTP receiver. Spans are sent to /v1/traces below it. */
  readonly endpoint: string;
  /** The share of traces that is kept, from 0 to 1. */
  readonly ratio: number;
  readonly version: string;
  /** Called when a batch of spans was refused and is lost. */
  readonly onLost: () => void;
}

/**
 * Sends traces by OTLP/HTTP in JSON. Nothing is registered globally and no library is patched, so a
 * span holds only what `SpanAttributes` lists.
 */
export function createTracing(options: TracingOptions): Tracing {
  const { endpoint, ratio, version, onLost } = options;
  const exporter = new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    timeoutMillis: EXPORT_LIMIT_MS,
  });
  const exportSpans = exporter.export.bind(exporter);
  exporter.export = (spans, done) =>
    exportSpans(spans, (result) => {
      if (result.error !== undefined) onLost();
      done(result);
    });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.name": "sealdesk",
      "service.version": version,
    }).merge(detectResources({ detectors: [envDetector] })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("sealdesk");
  const current = new AsyncLocalStorage<Context>();

  function run<T>(
    name: string,
    kind: SpanKind,
    attributes: SpanAttributes,
    parent: Context,
    work: (annotate: Annotate) => T,
  ): T {
    const span = tracer.startSpan(name, { kind, attributes: { ...attributes } }, parent);
    const annotate: Annotate = (more, newName) => {
      span.setAttributes({ ...more });
      if (newName !== undefined) span.updateName(newName);
    };
    return current.run(trace.setSpan(parent, span), () => endWith(span, () => work(annotate)));
  }

  return {
    root: (name, attributes, work) =>
      run(
        name,
        name === "HTTP request" ? SpanKind.SERVER : SpanKind.INTERNAL,
        attributes,
        ROOT_CONTEXT,
        work,
      ),
    child(name, attributes, work) {
      const parent = current.getStore();
      if (parent === undefined) return work();
      const kind = name === "postgresql" ? SpanKind.CLIENT : SpanKind.INTERNAL;
      return run(name, kind, attributes, parent, work);
    },
    // An unreachable receiver must not keep the server from stopping. `onLost` has been called.
    close: () => provider.shutdown().catch(() => undefined),
  };
}

/** Ends the span when the work ends, also when it ends later. */
function endWith<T>(span: Span, work: () => T): T {
  const fail = (error: unknown) => {
    span.setAttribute("error.type", knownCode(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
  try {
    const result = work();
    if (result instanceof Promise) result.then(() => span.end(), fail);
    else span.end();
    return result;
  } catch (error) {
    fail(error);
    throw error;
  }
}
