import pg from "pg";
import { CONNECT_MS } from "./connection-options.ts";
import { DatabaseError, sqlState } from "./database-error.ts";

/** The URL of a database, and the variable that the operator sets it with. */
export interface NamedUrl {
  readonly variable: string;
  readonly url: string;
}

/**
 * Checks that a session can be opened and answers, within ten seconds each.
 * @throws DatabaseError database_unreachable: one sentence that begins with the variable
 */
export async function assertReachable({ variable, url }: NamedUrl): Promise<void> {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({
      connectionString: url,
      application_name: "sealdesk-check",
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: CONNECT_MS,
    });
    client.on("error", () => undefined);
    await client.connect();
    await client.query("select");
  } catch (cause) {
    throw new DatabaseError("database_unreachable", `${variable} ${whatIsWrong(cause)}`, { cause });
  } finally {
    // A server that says nothing does not answer the farewell either.
    client?.end().catch(() => undefined);
  }
}

const SQL_STATES: Readonly<Record<string, string>> = {
  "28000": "holds a login that the database refuses",
  "28P01": "holds a user name or password that the database refuses",
  "3D000": "names a database that does not exist",
  "53300": "leads to a database that has no connection left",
  "57P03": "leads to a database that is starting or stopping",
};

/** The rest of a sentence. It never quotes the URL. */
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
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `names a host that is not found (${code}).`;
  if (/CERT|TLS|SSL/.test(code))
    return `asks for TLS, but the database's certificate is not accepted (${code}).`;
  return `leads to a server that cannot be connected to (${code}).`;
}
