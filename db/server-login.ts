import { randomBytes } from "node:crypto";
import pg from "pg";
import { createSession, type Session } from "./session.ts";

const SERVER_LOGIN = "sealdesk_server";

/**
 * Creates the server's own login in the embedded cluster. It is a member of `sealdesk_app` and
 * `sealdesk_keystore` only, so no statement on its connections can become the owner or a superuser. The
 * password is new each time. Only one server runs on a cluster (see `claimCluster`).
 * @param ownerUrl the login of a superuser
 * @returns the URL to connect with
 */
export async function refreshServerLogin(ownerUrl: string): Promise<string> {
  const password = randomBytes(24).toString("base64url");
  const client = createSession(ownerUrl, { name: "sealdesk-login" });
  try {
    await client.connect();
    const { rowCount } = await client.query("select from pg_roles where rolname = $1", [
      SERVER_LOGIN,
    ]);
    if (rowCount === 0)
      await client.query(`create role ${SERVER_LOGIN} login noinherit in role sealdesk_app`);
    await client.query(`grant sealdesk_keystore to ${SERVER_LOGIN}`);
    // Base64url contains no quote.
    await client.query(`alter role ${SERVER_LOGIN} password '${password}'`);
  } finally {
    await client.end();
  }
  const url = new URL(ownerUrl);
  url.username = SERVER_LOGIN;
  url.password = password;
  return url.href;
}

/** Returns whether the cluster has a login of this name. */
export const hasLogin = (ownerUrl: string, name: string): Promise<boolean> =>
  onSession(ownerUrl, async (session) => {
    const { rowCount } = await session.query("select from pg_roles where rolname = $1", [name]);
    return rowCount === 1;
  });

/** Returns who a session with this URL is, and whether row-level security confines them whatever they do. */
export const readLogin = (
  url: string,
): Promise<{ readonly name: string; readonly isConfined: boolean } | undefined> =>
  onSession(url, async (session) => {
    const { rows } = await session.query<{ name: string; isConfined: boolean }>(
      `select session_user::text as name, not exists (
         select from pg_roles r
         where (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolname = 'sealdesk_owner')
           and pg_has_role(session_user, r.oid, 'member')
       ) as "isConfined"`,
    );
    return rows[0];
  });

/**
 * Creates a login. The statement that has the password is not in the database's log: PostgreSQL logs statements
 * that fail, and this one follows what may fail.
 */
export const createLogin = (ownerUrl: string, name: string, password: string): Promise<void> =>
  onSession(ownerUrl, async (session) => {
    await session.query("begin");
    await session.query(`create role ${pg.escapeIdentifier(name)} login`);
    await session.query(
      "select set_config('sealdesk.login', $1, true), set_config('sealdesk.password', $2, true)",
      [name, password],
    );
    await session.query(SET_PASSWORD);
    await session.query("commit");
  });

const SET_PASSWORD = `do $$ begin
  execute format('alter role %I password %L',
    current_setting('sealdesk.login'), current_setting('sealdesk.password'));
end $$`;

/**
 * Makes a login a member of `sealdesk_app` and `sealdesk_keystore`, which must exist.
 * @param ownerUrl the login that created these roles, or a superuser
 */
export const grantServerRoles = (ownerUrl: string, name: string): Promise<void> =>
  onSession(ownerUrl, async (session) => {
    await session.query(`grant sealdesk_app, sealdesk_keystore to ${pg.escapeIdentifier(name)}`);
  });

async function onSession<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = createSession(url, { name: "sealdesk-setup" });
  try {
    await session.connect();
    return await work(session);
  } finally {
    await session.end();
  }
}
