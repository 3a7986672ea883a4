import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { duration, func } from "../arguments.ts";
import { SealdeskError } from "../errors.ts";

const PATH = "/callback";
const PAGE = `<!doctype html><meta charset="utf-8"><title>Sealdesk</title><p>You can close this window.</p>`;

/** A place on this machine to which a provider sends a person back (RFC 8252 section 7.3). */
export interface Loopback {
  /** Register `http://127.0.0.1/callback` with the provider and with Sealdesk. The port may differ. */
  readonly redirectUri: string;
  /** For the credentials: shows the person the provider's page, and waits until they come back. */
  readonly authorize: (url: string) => Promise<string>;
  close(): Promise<void>;
}

/**
 * Opens a port on this machine, for a program without a page of its own.
 * @param show opens the URL in the system's browser
 * @param options.withinMs the longest time that the person has. The default is ten minutes
 */
export async function openLoopback(
  show: (url: string) => Promise<void> | void,
  { withinMs = 600_000 }: { readonly withinMs?: number } = {},
): Promise<Loopback> {
  func(show, "show");
  duration(withinMs, "options.withinMs");
  let arrived: ((url: string) => void) | undefined;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", redirectUri);
    if (request.method !== "GET" || url.pathname !== PATH)
      return void response.writeHead(404).end();
    response
      .writeHead(200, {
        "content-type": "text/html",
        "cache-control": "no-store",
        connection: "close",
      })
      .end(PAGE);
    arrived?.(url.href);
  });
  const redirectUri = await listen(server);
  return {
    redirectUri,
    async authorize(url) {
      const callback = new Promise<string>((resolve, reject) => {
        const late = setTimeout(
          () =>
            reject(new SealdeskError("sign_in_failed", "The person did not come back in time.")),
          withinMs,
        );
        arrived = (href) => {
          clearTimeout(late);
          resolve(href);
        };
      });
      callback.catch(() => undefined);
      await show(url);
      return callback;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve(`http://127.0.0.1:${port}${PATH}`);
    });
  });
}
