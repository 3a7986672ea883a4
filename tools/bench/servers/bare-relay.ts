import { forkServer, type ForkedServer } from "./forked-server.ts";

/**
 * Starts a relay that trusts all clients, in its own process.
 * @param databaseUrl the database of accepted messages (the bare prototype); undefined means that
 *   it stores nothing (bare `ws`)
 */
export const startBareRelay = (databaseUrl?: string): Promise<ForkedServer> =>
  forkServer(
    new URL("./bare-relay-server.js", import.meta.url),
    databaseUrl === undefined ? {} : { BARE_DATABASE_URL: databaseUrl },
  );
