import { forkServer, type ForkedServer } from "./forked-server.ts";

/**
 * Starts a chat server on Socket.IO, in its own process. It stores each message before it answers.
 */
export const startSocketIo = (databaseUrl: string): Promise<ForkedServer> =>
  forkServer(new URL("./socket-io-server.js", import.meta.url), {
    SOCKET_IO_DATABASE_URL: databaseUrl,
  });
