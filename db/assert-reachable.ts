import type { Queryable } from "./client.ts";
import { CONNECT_MS } from "./connection-options.ts";
import { DatabaseError, sqlState } from "./database-error.ts";
import { createSession, type Session } from "./session.ts";

/** The URL of a database, and the variable that the operator sets it with. */
export interface NamedUrl {
  readonly variable: string;
  readonly url: string;
}

/**
 * Checks that sessions can be opened and answer, within ten seconds each, and that each connection
 * has a session of its own.
 * @throws DatabaseError database_unreachable, sessions_shared: each sentence is about the variable
 */
export async function assertReachable({ variable, url }: NamedUrl): Promise<void> {
  const clients: Session[] = [];
  let shared: boolean;
  try {
    for (let count = 0; count < 2; count++) {
      const client = createSession(url, { name: "sealdesk-check", answerMs: CONNECT_MS });
      clients.push(client);
      await client.connect();
    }
    shared = await shareSessions(clients);
  } catch (cause) {
    throw new DatabaseError("database_unreachable", `${variable} ${whatIsWrong(cause)}`, { cause });
  } finally {
    // A server that says nothing does not answer the farewell either.
    for (const client of clients) client.end().catch(() => undefined);
  }
  if (shared)
    throw new DatabaseError(
      "sessions_shared",
      `${variable} leads to a pooler that lends one session to several connections. Connect to PostgreSQL itself, or to a pooler in session mode.`,
    );
}

/**
 * Returns whether a pooler changes the sessions of connections between statements. A pooler gives out
 * either the session that was free last, which the other connection then gets, or the sessions in
 * turn, so that the same connection gets another one.
 */
async function shareSessions(clients: readonly Queryable[]): Promise<boolean> {
  const all = new Set<number>();
  for (const client of clients) {
    const own = new Set<number>();
    for (let i = 0; i < 3; i++) {
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      for (const { pid } of rows) own.add(pid);
    }
    if (own.size !== 1) return true;
    for (const pid of own) all.add(pid);
  }
  return all.size !== clients.length;
}

const SQL_STATES: Readonly<Record<string, string>> = {
  "08P01": "leads to a pooler that refuses a parameter of the URL",
  "28000": "holds a login that the database refuses",
  "28P01": "holds a user name or password that the database refuses",
  "3D000": "names a database that does not exist",
  "53300": "leads to a database that has no connection left",
  "57P03": "leads to a database that is starting or stopping",
};

/** Returns the rest of a sentence about the fault. It never quotes the URL. */
function whatIsWrong(error: unknown): string {
  const state = sqlState(error);
  if (state !== undefined)
    return `${SQL_STATES[state] ?? "leads to a database that refuses the session"} (${state}).`;
  const { code, message = "" } = (error ?? {}) as { code?: unknown; message?: string };
  if (/timeout/i.test(message))
    return `leads to a server that gave no answer within ${CONNECT_MS / 1000} s.`;
  if (message.startsWith("SASL:")) return "holds no password, but the database asks for one.";
  if (message.includes("does not support SSL"))
    return "asks for TLS, which the database does not offer.";
  if (typeof code !== "string") return "leads to a server that does not answer as PostgreSQL does.";
  if (code === "ENOENT" || code === "EACCES") return `names a file that cannot be read (${code}).`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `names a host that is not found (${code}).`;
  if (/CERT|TLS|SSL/.test(code))
    return `asks for TLS, but the database's certificate is not accepted (${code}).`;
  return `leads to a server that cannot be connected to (${code}).`;
}
