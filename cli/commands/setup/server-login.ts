import { randomBytes } from "node:crypto";
import { assertReachable } from "../../../db/assert-reachable.ts";
import { createLogin, grantServerRoles, hasLogin, readLogin } from "../../../db/server-login.ts";
import type { Environment } from "../../../keys/environment/parse-environment.ts";
import { CommandError } from "../../settings.ts";

const NAME = "sealdesk_server";

/**
 * Returns what setup will do about the server's login.
 * @throws CommandError if the login may do more than a server needs, or if none is given and setup cannot
 *   create one; DatabaseError database_unreachable
 */
export async function checkServerLogin(environment: Environment): Promise<string> {
  const { DATABASE_OWNER_URL: ownerUrl = "", DATABASE_URL: url } = environment;
  if (url === undefined) {
    if (loginIn(ownerUrl) === undefined)
      throw new CommandError(
        "DATABASE_URL must be given, because DATABASE_OWNER_URL is not of the form postgresql://user:password@host/database.",
      );
    if (await hasLogin(ownerUrl, NAME))
      throw new CommandError(
        `DATABASE_URL must be given, because the login ${NAME} exists already.`,
      );
    return `the login ${NAME} will be created`;
  }
  const given = loginIn(url);
  if (given !== undefined && !(await hasLogin(ownerUrl, given.name)))
    return `the login ${given.name} will be created`;
  return `the login ${await confinedName(url)} can connect`;
}

/** Returns the name and password in a URL; undefined if its parameters or a socket say who connects. */
function loginIn(url: string): { readonly name: string; readonly password: string } | undefined {
  if (!URL.canParse(url)) return undefined;
  const { username, password, hostname, searchParams } = new URL(url);
  const isPlain = !["user", "password", "host"].some((name) => searchParams.has(name));
  if (!isPlain || username === "" || hostname === "") return undefined;
  return { name: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/** Asks the database who connects with the URL. */
async function confinedName(url: string): Promise<string> {
  await assertReachable({ variable: "DATABASE_URL", url });
  const login = await readLogin(url);
  if (login?.isConfined !== true)
    throw new CommandError(
      "DATABASE_URL holds a login that row-level security does not confine. Leave the variable out, and setup creates another login.",
    );
  return login.name;
}

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
 * @throws CommandError, DatabaseError, as `checkServerLogin`
 */
export async function ensureServerLogin(ownerUrl: string, serverUrl: string): Promise<void> {
  const given = loginIn(serverUrl);
  if (given !== undefined && !(await hasLogin(ownerUrl, given.name)))
    await createLogin(ownerUrl, given.name, given.password);
  await grantServerRoles(ownerUrl, await confinedName(serverUrl));
}
