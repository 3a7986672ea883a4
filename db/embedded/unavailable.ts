import { DatabaseError } from "../database-error.ts";

/** The error of an embedded PostgreSQL that cannot run; it names the way out. */
export const unavailable = (message: string, cause?: unknown): DatabaseError =>
  new DatabaseError(
    "embedded_unavailable",
    `${message} Set DATABASE_URL to use a server of your own.`,
    { cause },
  );
