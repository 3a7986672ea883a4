import { once } from "node:events";
import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import { createHttpServer, leaveHttp } from "../../../server/http/http-server.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { until } from "../../support/until.ts";

let server: Server;
let url: string;
let network: string | undefined;
beforeEach(async () => {
  network = "a network";
  const options = {
    headersMs: 300,
    keepAliveMs: 75_000,
    connections: { perNode: 3, perNetwork: 2 },
    networkOf: () => network,
  };
  server = createHttpServer(options, () => (_request, response) => void response.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const answered = async (connection: RawConnection): Promise<number> =>
  (await connection.request("GET /").answer()).status;

test("a network has limited connections, a proxy takes places from it, and places come back", async () => {
  const [first, second] = [new RawConnection(url), new RawConnection(url)];
  expect([await answered(first), await answered(second)]).toEqual([200, 200]);
  const third = new RawConnection(url);
  expect(await third.refusal()).toEqual([503, "overloaded"]);
  await third.closed;
  network = undefined;
  expect(await answered(new RawConnection(url))).toBe(200);
  expect(await answered(new RawConnection(url))).toBe(200);
  await first.closed;
  expect(await new RawConnection(url).refusal()).toEqual([503, "overloaded"]);
  network = "a network";
  second.close();
  // The place is free when the server has seen the end of the second connection.
  await until(async () => {
    const next = new RawConnection(url).request("GET /");
    const { status } = await next.answer();
    next.close();
    return status === 200;
  });
});

test("a connection that has become a WebSocket leaves its place to another", async () => {
  const streams: Duplex[] = [];
  server.on("upgrade", (_request, stream: Duplex) => {
    streams.push(stream);
    leaveHttp(stream);
    stream.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  });
  const upgrade = { Connection: "Upgrade", Upgrade: "websocket" };
  for (let socket = 0; socket < 5; socket++) {
    const { status } = await new RawConnection(url).request("GET /", upgrade).answer();
    expect(status).toBe(101);
  }
  expect(await answered(new RawConnection(url))).toBe(200);
  for (const stream of streams) stream.destroy();
});

test("headers that stop are not waited for", async () => {
  const stopped = new RawConnection(url).write("GET / HTTP/1.1\r\nHost: te");
  expect(await stopped.refusal()).toEqual([408, "body_too_late"]);
  await stopped.closed;
});
