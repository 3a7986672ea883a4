import { DatabaseError } from "../database-error.ts";

/**
 * Creates the error for an embedded PostgreSQL that cannot run. The message says what to do
 * instead.
 */
export const unavailable = (message: string, cause?: unknown): DatabaseError =>
  new DatabaseError(
    "embedded_unavailable",
    `${message} Set DATABASE_URL to use a server of your own.`,
    { cause },
  );
