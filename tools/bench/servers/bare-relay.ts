import { forkServer, type ForkedServer } from "./forked-server.ts";

/**
 * A relay that trusts everybody, in its own process.
 * @param databaseUrl where it stores what it accepts (the bare prototype); undefined means that it
 *   stores nothing (bare `ws`)
 */
export const startBareRelay = (databaseUrl?: string): Promise<ForkedServer> =>
  forkServer(
    new URL("./bare-relay-server.js", import.meta.url),
    databaseUrl === undefined ? {} : { BARE_DATABASE_URL: databaseUrl },
  );
