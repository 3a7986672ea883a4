import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ConfigError } from "../../keys/environment/config-error.ts";

/** The longest time for the requests in flight at a stop. */
const GRACE_MS = 10_000;

/** The time for the first bytes of a connection that was opened just before a stop. */
const FIRST_BYTES_MS = 500;

/** The open connections of each server. */
const connectionsOf = new WeakMap<Server, Set<Socket>>();

/**
 * Listens and returns the URL.
 * @param prefix the prefix of the variables PORT and HOST, for error messages
 * @throws ConfigError when the server cannot listen on the address
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  prefix = "",
): Promise<string> {
  const connections = new Set<Socket>();
  connectionsOf.set(server, connections);
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error & { readonly code?: string }) =>
      reject(
        new ConfigError(
          `${prefix}PORT ${port} on ${prefix}HOST ${host} cannot be listened on (${cause.code}).`,
          { cause },
        ),
      );
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.off("error", refuse);
      resolve();
    });
  });
  const { port: actual } = server.address() as AddressInfo;
  // A wildcard address is not an address to connect to.
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${actual}`;
}

/**
 * Accepts no more connections. Resolves when the requests in flight are answered or cut off. Browsers and
 * HTTP clients open connections that they do not use yet, and Node does not count those as idle. So a connection
 * that remains silent is cut off sooner.
 */
export async function closeHttp(server: Server): Promise<void> {
  const cutOff = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  const cutOffSilent = setTimeout(() => {
    for (const socket of connectionsOf.get(server) ?? [])
      if (socket.bytesRead === 0) socket.destroy();
  }, FIRST_BYTES_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cutOff);
  clearTimeout(cutOffSilent);
}
