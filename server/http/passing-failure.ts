import { sqlState } from "../../db/database-error.ts";

/**
 * Errors of PostgreSQL after which the same statement may succeed later: connections (08), resources
 * such as disk space (53), a shutdown (57P), input and output (58), a read-only session.
 */
const SQL_STATES = /^(08|53|57P|58|25006)/;

/** Errors of the system: no room, a read-only disk, no file handle, a service that is away. */
const SYSTEM_CODES: ReadonlySet<unknown> = new Set([
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

/**
 * The messages of PostgreSQL's driver, without a code, about a connection that is lost or not made.
 */
const LOST_CONNECTION = /^(Connection terminated|timeout exceeded when trying to connect)/;

/**
 * Returns whether the database, the disk or another service failed, and not the request. The client
 * may repeat the request later.
 */
export function isPassingFailure(error: unknown): boolean {
  const { code, message } = (error ?? {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
  };
  return (
    SYSTEM_CODES.has(code) ||
    SQL_STATES.test(sqlState(error) ?? "") ||
    (typeof message === "string" && LOST_CONNECTION.test(message))
  );
}
