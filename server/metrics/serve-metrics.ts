import { createServer } from "node:http";
import { closeHttp, listen } from "../http/listen.ts";
import type { Metrics } from "./metrics.ts";

/** A running metrics endpoint. */
export interface ServedMetrics {
  /** The URL to scrape. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves GET /metrics on an address of its own. Metrics are for the operator of the server, so the
 * public port does not serve them.
 * @throws ConfigError when the server cannot listen on the address
 */
export async function serveMetrics(
  metrics: Pick<Metrics, "scrape">,
  address: { readonly host: string; readonly port: number },
): Promise<ServedMetrics> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, text: string) =>
      void response
        .writeHead(status, {
          "content-type": type,
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
        })
        .end(text);
    if (request.url !== "/metrics") return answer(404, "text/plain", "Only /metrics is here.\n");
    if (request.method !== "GET") return answer(405, "text/plain", "Only GET is answered.\n");
    metrics.scrape().then(
      ({ text, contentType }) => answer(200, contentType, text),
      () => answer(500, "text/plain", "The metrics could not be read.\n"),
    );
  });
  const url = await listen(server, address, "METRICS_");
  return { url: `${url}/metrics`, close: () => closeHttp(server) };
}
