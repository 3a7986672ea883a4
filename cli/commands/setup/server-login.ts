import { randomBytes } from "node:crypto";
import { assertReachable } from "../../../db/assert-reachable.ts";
import { findLogin, grantServerLogin } from "../../../db/server-login.ts";
import type { Environment } from "../../../keys/environment/parse-environment.ts";
import { CommandError } from "../../settings.ts";

const NAME = "sealdesk_server";

/**
 * Returns what setup will do about the server's login.
 * @throws CommandError if no URL is given and the login that setup would create exists
 */
export async function checkServerLogin(environment: Environment): Promise<string> {
  const { DATABASE_OWNER_URL: ownerUrl = "", DATABASE_URL: url } = environment;
  if (url === ownerUrl)
    throw new CommandError("DATABASE_URL must hold another login than DATABASE_OWNER_URL.");
  const name = url === undefined ? NAME : nameIn(url);
  if ((await findLogin(ownerUrl, name)) === undefined) return `the login ${name} will be created`;
  if (url === undefined)
    throw new CommandError(`DATABASE_URL must be given, because the login ${name} exists already.`);
  await assertReachable({ variable: "DATABASE_URL", url });
  return `the login ${name} can connect`;
}

const nameIn = (url: string): string => decodeURIComponent(new URL(url).username);

/** Returns the URL of a login for the server that is still to be created, in the owner's database. */
export function newServerUrl(ownerUrl: string): string {
  const url = new URL(ownerUrl);
  url.username = NAME;
  url.password = randomBytes(24).toString("base64url");
  return url.href;
}

/**
 * Creates the login of `serverUrl` unless it exists, and puts it into the two roles that row-level security
 * confines. The schema must be there.
 * @throws CommandError if the login may do more than a server needs; DatabaseError database_unreachable, if
 *   it exists with another password
 */
export async function ensureServerLogin(ownerUrl: string, serverUrl: string): Promise<void> {
  const login = await findLogin(ownerUrl, nameIn(serverUrl));
  if (login?.isConfined === false)
    throw new CommandError(
      "DATABASE_URL holds a login that row-level security does not confine. Leave the variable out, and setup creates another login.",
    );
  await grantServerLogin(ownerUrl, serverUrl);
  await assertReachable({ variable: "DATABASE_URL", url: serverUrl });
}
