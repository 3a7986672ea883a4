import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigError } from "../../keys/environment/config-error.ts";

const GRACE_MS = 10_000;

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

/** Accepts no more connections. Resolves when the requests in flight are answered or cut off. */
export async function closeHttp(server: Server): Promise<void> {
  const cutOff = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cutOff);
}
