import { lookup } from "node:dns/promises";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { isSecureUrl } from "../../../crypto/wire/secure-url.ts";
import { assertReachable } from "../../../db/assert-reachable.ts";
import { makeFolder } from "../../../db/embedded/make-folder.ts";
import { assertVersion } from "../../../db/postgres-version.ts";
import { DATA, schemaState } from "../../../db/schema-version.ts";
import { createSession } from "../../../db/session.ts";
import type { Environment } from "../../../keys/environment/parse-environment.ts";
import { readKmsSettings } from "../../../keys/kms/kms-settings.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { CommandError } from "../../settings.ts";

/**
 * Checks one answer against the real thing.
 * @returns what was found, as the rest of a line for the operator
 * @throws an error whose sentence names the variable
 */
export type Check = (environment: Environment) => Promise<string>;

/** Clients reach the server at this URL. Its name may not resolve yet where setup runs. */
export const checkPublicUrl: Check = async ({ PUBLIC_URL: url }) => {
  if (url === undefined) throw new CommandError("PUBLIC_URL must be given.");
  if (!isSecureUrl(url, true))
    throw new CommandError("PUBLIC_URL must begin with https:// unless it is on this machine.");
  const isResolved = await lookup(new URL(url).hostname.replace(/^\[|\]$/g, "")).then(
    () => true,
    () => false,
  );
  return isResolved ? "the name resolves" : "the name does not resolve from here yet";
};

/** The folder is created if it is not there. */
export const checkHome: Check = async (environment) => {
  const home = homeIn(environment);
  try {
    await makeFolder(home);
    await access(home, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CommandError(`SEALDESK_HOME names a folder that cannot be written (${code}).`, {
      cause,
    });
  }
  return "the folder can be written";
};

const homeIn = (environment: Environment): string =>
  resolve(environment["SEALDESK_HOME"] ?? "./.sealdesk");

/** The login must be able to make the schema, unless that is there. */
export const checkOwner: Check = async ({ DATABASE_OWNER_URL: url }) => {
  if (url === undefined)
    throw new CommandError(
      "DATABASE_OWNER_URL must be given: a PostgreSQL login that may create roles and schemas.",
    );
  await assertReachable({ variable: "DATABASE_OWNER_URL", url });
  const session = createSession(url, { name: "sealdesk-setup" });
  try {
    await session.connect();
    await assertVersion(session);
    if ((await schemaState(session, DATA)) === "current") return "PostgreSQL, with the schema";
    const { rows } = await session.query<{ version: string; mayMigrate: boolean }>(RIGHTS);
    if (rows[0]?.mayMigrate !== true)
      throw new CommandError(
        "DATABASE_OWNER_URL holds a login that may not create roles and schemas. Run: alter role LOGIN createrole; grant create on database NAME to LOGIN.",
      );
    return `PostgreSQL ${rows[0].version}, and the login may create roles and schemas`;
  } finally {
    await session.end();
  }
};

const RIGHTS = `
  select split_part(current_setting('server_version'), ' ', 1) as version,
         (rolsuper or rolcreaterole) and has_database_privilege(current_database(), 'create') as "mayMigrate"
  from pg_roles where rolname = current_user`;

/** The key service must answer. A keyring that seals itself with these secrets is made if there is none. */
export const checkKeys: Check = async (environment) => {
  const { kms } = await openKms(
    readKmsSettings(environment, { home: homeIn(environment), production: true }),
  );
  try {
    await kms.check();
    return `the key service ${kms.name} answers`;
  } finally {
    await kms.close();
  }
};
