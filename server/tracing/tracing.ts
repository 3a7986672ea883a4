/**
 * All attributes that a span may have: counts, codes, patterns and request ids. Every attribute
 * that you add here leaves the server.
 */
export interface SpanAttributes {
  readonly "http.request.method"?: string;
  /** The route's pattern, never the requested path. */
  readonly "http.route"?: string;
  readonly "http.response.status_code"?: number;
  readonly "db.system.name"?: "postgresql";
  /** A prepared statement's name or an SQL verb, never a statement or its parameters. */
  readonly "db.operation.name"?: string;
  readonly "error.type"?: string;
  readonly "sealdesk.request_id"?: string;
  readonly "sealdesk.messages"?: number;
  readonly "sealdesk.events"?: number;
}

export type RootSpanName = "HTTP request" | "hello" | "commit batch" | "read deliveries";
export type ChildSpanName = "deliver" | "postgresql";

/** Adds attributes to an open span. */
export type Annotate = (attributes: SpanAttributes, name?: string) => void;

/** Times work. A span ends when its work ends. For an error it records only the code. */
export interface Tracing {
  /** Runs `work` as the first span of a trace. */
  root<T>(name: RootSpanName, attributes: SpanAttributes, work: (annotate: Annotate) => T): T;
  /** Runs `work` as a span of the current trace. Outside a trace it only runs `work`. */
  child<T>(name: ChildSpanName, attributes: SpanAttributes, work: () => T): T;
  /** Sends the spans that wait to be sent. */
  close(): Promise<void>;
}
