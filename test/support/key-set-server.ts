import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { jwkOf, type KeyPair } from "./device.ts";

/** The web server of a tenant's backend, which publishes the keys of its customer tokens. */
export interface KeySetServer {
  readonly url: string;
  /** How often the set was asked for. */
  readonly fetches: number;
  /** The keys that it publishes, by `kid`. */
  keys: Readonly<Record<string, KeyPair>>;
  /** Answers in place of the set, if it is there. */
  answer: RequestListener | undefined;
  close(): Promise<void>;
}

export async function startKeySetServer(
  keys: Readonly<Record<string, KeyPair>> = {},
): Promise<KeySetServer> {
  let fetches = 0;
  const server = createServer((request, response) => {
    fetches++;
    if (made.answer !== undefined) return made.answer(request, response);
    const set = Object.entries(made.keys).map(([kid, key]) => ({ ...jwkOf(key), kid }));
    response.setHeader("content-type", "application/jwk-set+json");
    return response.end(JSON.stringify({ keys: set }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const made: KeySetServer = {
    url: `http://127.0.0.1:${port}/jwks.json`,
    get fetches() {
      return fetches;
    },
    keys,
    answer: undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return made;
}
