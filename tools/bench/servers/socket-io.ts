import { forkServer, type ForkedServer } from "./forked-server.ts";

/** A chat server on Socket.IO that stores each message before it answers, in its own process. */
export const startSocketIo = (databaseUrl: string): Promise<ForkedServer> =>
  forkServer(new URL("./socket-io-server.js", import.meta.url), {
    SOCKET_IO_DATABASE_URL: databaseUrl,
  });
