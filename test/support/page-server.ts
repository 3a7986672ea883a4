import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

/** Nothing but scripts of this origin, no WebAssembly, no evaluated text. */
const policyWith = (connectTo: string) =>
  `default-src 'none'; script-src 'self'; connect-src 'self' ${connectTo}; base-uri 'none'`;
const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

/** A site with a page, which passes what lies below /v1/ on to a Sealdesk server. */
export interface PageServer {
  readonly url: string;
  /** Where requests below /v1/ go. */
  target: string;
  /** Paths of the files that were asked for. */
  readonly files: string[];
  /** Proofs (DPoP) of the requests that were passed on. */
  readonly proofs: string[];
  close(): Promise<void>;
}

/**
 * @param folder holds the page; it may be filled later
 * @param connectTo other origins that the page may connect to
 */
export async function startPageServer(folder: string, connectTo = ""): Promise<PageServer> {
  const policy = policyWith(connectTo);
  const files: string[] = [];
  const proofs: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    if (pathname.startsWith("/v1/")) passOn(request, response);
    else void serve(pathname === "/" ? "/index.html" : pathname, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const page: PageServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: "",
    files,
    proofs,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  function passOn(request: IncomingMessage, response: ServerResponse): void {
    const { dpop } = request.headers;
    if (typeof dpop === "string") proofs.push(dpop);
    const { method = "GET", headers } = request;
    const onward = ask(new URL(request.url ?? "/", page.target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }

  async function serve(path: string, response: ServerResponse): Promise<void> {
    files.push(path);
    const content = await readFile(join(folder, normalize(path))).catch(() => undefined);
    response.writeHead(content === undefined ? 404 : 200, {
      "content-type": types[extname(path)] ?? "application/octet-stream",
      "content-security-policy": policy,
    });
    response.end(content);
  }

  return page;
}
