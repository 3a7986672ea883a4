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

/**
 * Returns whether row-level security confines a login; undefined if there is no such login.
 * @param ownerUrl any login of the cluster
 */
export const findLogin = (
  ownerUrl: string,
  name: string,
): Promise<{ readonly isConfined: boolean } | undefined> =>
  onSession(ownerUrl, async (session) => {
    const { rows } = await session.query<{ isConfined: boolean }>(
      `select not (rolsuper or rolbypassrls or exists (
         select from pg_roles o where o.rolname = 'sealdesk_owner' and pg_has_role(l.oid, o.oid, 'member')
       )) as "isConfined"
       from pg_roles l where rolname = $1`,
      [name],
    );
    return rows[0];
  });

/**
 * Creates the login that `serverUrl` names, with its password, unless it exists. Makes it a member of
 * `sealdesk_app` and `sealdesk_keystore`, which must exist.
 * @param ownerUrl the login that created these roles, or a superuser
 */
export const grantServerLogin = (ownerUrl: string, serverUrl: string): Promise<void> =>
  onSession(ownerUrl, async (session) => {
    const { username, password } = new URL(serverUrl);
    const [name, secret] = [username, password].map(decodeURIComponent) as [string, string];
    const { rowCount } = await session.query("select from pg_roles where rolname = $1", [name]);
    const login = pg.escapeIdentifier(name);
    if (rowCount === 0)
      await session.query(`create role ${login} login password ${pg.escapeLiteral(secret)}`);
    await session.query(`grant sealdesk_app, sealdesk_keystore to ${login}`);
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
