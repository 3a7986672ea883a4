import { randomBytes } from "node:crypto";
import { createSession } from "./session.ts";

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
