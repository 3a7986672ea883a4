import type { RequestListener, Server } from "node:http";
import type { Closers } from "../closers.ts";
import type { Config } from "../config.ts";
import { networkUnlessProxy } from "../network.ts";
import { createHttpServer } from "./http-server.ts";
import { closeHttp, listen } from "./listen.ts";
import { requestLimits } from "../limits.ts";

/** The port that the server listens on. */
export interface HttpPort {
  readonly http: Server;
  /** Its URL, without a slash at its end. */
  readonly address: string;
  /** Answers requests with `handler`. Until you call this, every request is answered with 503. */
  readonly serve: (handler: RequestListener) => void;
}

/**
 * Listens before there is an app, because the app's public URL may depend on the port.
 * @param requestMs the longest time for a request's headers
 * @throws ConfigError when the server cannot listen on the address
 */
export async function openHttpPort(
  config: Pick<Config, "host" | "port" | "httpConnections" | "trustedProxies">,
  requestMs: number,
  closers: Closers,
): Promise<HttpPort> {
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const options = {
    headersMs: Math.min(requestMs, requestLimits.headersMs),
    keepAliveMs: requestLimits.idleMs,
    connections: config.httpConnections,
    networkOf: networkUnlessProxy(config.trustedProxies),
  };
  const http = createHttpServer(options, () => handler);
  const address = await listen(http, config);
  closers.add(() => closeHttp(http));
  return { http, address, serve: (given) => (handler = given) };
}
