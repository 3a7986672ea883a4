import pg from "pg";
import type { Client } from "./client.ts";
import { CONNECT_MS } from "./connection-options.ts";
import { types } from "./pool.ts";

/** A session on a connection of its own, outside every pool. */
export interface Session extends Client {
  /** @throws Error if no connection can be made in time */
  connect(): Promise<unknown>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "end", listener: () => void): this;
  on(
    event: "notification",
    listener: (notification: { payload?: string | undefined }) => void,
  ): this;
}

interface SessionOptions {
  /** The connection's name in PostgreSQL (`application_name`). */
  readonly name: string;
  /** The longest time to make a connection, in milliseconds. */
  readonly connectMs?: number;
  /**
   * The longest time to wait for the answer to a statement, in milliseconds. If undefined, there is
   * no limit.
   */
  readonly answerMs?: number;
  /** True for a session that is idle for long: the operating system then notices a dead connection. */
  readonly keepAlive?: boolean;
}

/**
 * Creates a session that is not connected yet. A connection that is cut while the session is idle
 * does not end the process: the next statement fails.
 */
export function createSession(url: string, options: SessionOptions): Session {
  const { name, connectMs = CONNECT_MS, answerMs, keepAlive = false } = options;
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: connectMs,
    query_timeout: answerMs,
    keepAlive,
    types,
  });
  client.on("error", () => undefined);
  return client;
}
