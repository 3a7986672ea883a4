import { once } from "node:events";
import { createServer } from "node:http";
import { closeHttp, listen } from "../../server/http/listen.ts";

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly events?: readonly object[];
  readonly links?: readonly object[];
  readonly status: { readonly code?: number; readonly message?: string };
}

export interface TraceReceiver {
  /** What goes into OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  /** Whether batches are taken; a server that is told no loses them. */
  taking: boolean;
  spans(): readonly ReceivedSpan[];
  /** Every request as it came: its path, headers and body. */
  raw(): string;
  close(): Promise<void>;
}

interface Export {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

/** The receiving end of OTLP/HTTP with JSON bodies, as a collector has it at /v1/traces. */
export async function startTraceReceiver(): Promise<TraceReceiver> {
  const bodies: string[] = [];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    void once(request, "end").then(() => {
      const body = Buffer.concat(chunks).toString();
      const { host: _here, ...headers } = request.headers;
      requests.push(`${request.method} ${request.url} ${JSON.stringify(headers)} ${body}`);
      const taken = receiver.taking && request.url === "/v1/traces";
      if (taken) bodies.push(body);
      response.writeHead(taken ? 200 : 400, { "content-type": "application/json" }).end("{}");
    });
  });
  const receiver: TraceReceiver = {
    endpoint: await listen(server, { host: "127.0.0.1", port: 0 }),
    taking: true,
    spans: () =>
      bodies
        .flatMap((body) => (JSON.parse(body) as Export).resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans),
    raw: () => requests.join("\n"),
    close: () => closeHttp(server),
  };
  return receiver;
}
