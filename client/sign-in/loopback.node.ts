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
  /**
   * For the credentials: shows the person the provider's page, and waits until they come back with the
   * `state` of that page's URL.
   */
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
  let arrived: ((url: URL) => boolean) | undefined;
  const server = createServer((request, response) => {
    const url = urlOf(request.url ?? "", redirectUri);
    if (url === undefined) return void response.writeHead(400).end();
    if (request.method !== "GET" || url.pathname !== PATH)
      return void response.writeHead(404).end();
    if (arrived?.(url) !== true) return void response.writeHead(400).end();
    response
      .writeHead(200, {
        "content-type": "text/html",
        "cache-control": "no-store",
        connection: "close",
      })
      .end(PAGE);
  });
  const redirectUri = await listen(server);
  return {
    redirectUri,
    async authorize(url) {
      const state = stateIn(new URL(url));
      let late: NodeJS.Timeout | undefined;
      const callback = new Promise<string>((resolve, reject) => {
        late = setTimeout(
          () =>
            reject(new SealdeskError("sign_in_failed", "The person did not come back in time.")),
          withinMs,
        );
        arrived = (answer) => {
          if (stateIn(answer) !== state) return false;
          resolve(answer.href);
          return true;
        };
      });
      callback.catch(() => undefined);
      try {
        await show(url);
        return await callback;
      } finally {
        clearTimeout(late);
        arrived = undefined;
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const stateIn = ({ searchParams }: URL): string | null => searchParams.get("state");

/** Returns the URL of a request. Other programs on this machine may send any path, such as `//`. */
function urlOf(path: string, base: string): URL | undefined {
  const isPath = path.startsWith("/") && !path.startsWith("//");
  return isPath && URL.canParse(path, base) ? new URL(path, base) : undefined;
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
