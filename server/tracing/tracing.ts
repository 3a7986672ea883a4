/**
 * All that a span may say. Counts, codes, patterns and request ids; whoever adds to this adds to
 * what leaves the server.
 */
export interface SpanAttributes {
  readonly "http.request.method"?: string;
  /** The route's pattern, never the path asked for. */
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

/** What can be added to a span while it is open. */
export type Annotate = (attributes: SpanAttributes, name?: string) => void;

/** Times work. A span ends when its work does; of an error it tells the code and nothing else. */
export interface Tracing {
  /** Runs `work` as the first span of a trace. */
  root<T>(name: RootSpanName, attributes: SpanAttributes, work: (annotate: Annotate) => T): T;
  /** Runs `work` as a span of the trace it is called in; outside of any it is just run. */
  child<T>(name: ChildSpanName, attributes: SpanAttributes, work: () => T): T;
  /** Sends what is waiting to be sent. */
  close(): Promise<void>;
}
