/** What a socket can keep or cost before the relay knows who it is. */
import { encodeFrame, wireLimits } from "../../../crypto/wire/frame.ts";
import { customerDevice } from "../../support/device.ts";
import type { RawConnection } from "../../support/raw-http.ts";
import { askForWebSocket, rawFrame } from "../../support/raw-web-socket.ts";
import { helloOf, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const MEBIBYTE = 1024 * 1024;

let server: TestServer;
const open: RawConnection[] = [];
/** What one network may keep in memory. Hellos are small, and so is this. */
const network = 256 * 1024;
beforeAll(async () => {
  server = await startTestServer(
    {
      metrics: { host: "127.0.0.1", port: 0 },
      trustedProxies: ["127.0.0.1"],
      waitingSockets: { perNode: 100, perNetwork: 50 },
      heldBytes: {
        network,
        site: MEBIBYTE,
        strangers: MEBIBYTE,
        account: MEBIBYTE,
        tenant: MEBIBYTE,
        node: MEBIBYTE,
      },
    },
    // What is refused here is refused for its size and number, not for its time.
    { helloMs: 600_000 },
  );
});
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await until(async () => (await heldBytes()) === 0);
});
afterAll(() => server.close());

const heldBytes = async (): Promise<number> =>
  Number(/^sealdesk_held_bytes (\S+)$/m.exec(await server.scrape())?.[1]);
async function socket(from: string): Promise<RawConnection> {
  const connection = askForWebSocket(server.url, { "X-Forwarded-For": from });
  open.push(connection);
  expect((await connection.answer()).status).toBe(101);
  return connection;
}

test("hellos that are not complete keep no more than one network may", async () => {
  const half = rawFrame("binary", Buffer.alloc(wireLimits.hello - 100), {
    claim: wireLimits.hello,
  });
  const sockets = await Promise.all(Array.from({ length: 40 }, () => socket("203.0.113.7")));
  let closed = 0;
  for (const each of sockets) {
    void each.closed.then(() => closed++);
    each.write(half);
  }
  await until(() => closed >= 40 - network / wireLimits.hello);
  expect(await heldBytes()).toBeLessThanOrEqual(network);
  const device = await customerDevice(server);
  const relay = await RelaySocket.open(server, device);
  await relay.close();
});

test.each<[string, () => Buffer]>([
  [
    "more than a hello",
    () => rawFrame("binary", Buffer.alloc(wireLimits.frame - 100), { claim: wireLimits.frame }),
  ],
  [
    "a hello in very many fragments",
    () =>
      Buffer.concat([
        rawFrame("binary", Buffer.alloc(1), { fin: false }),
        ...Array.from({ length: 500 }, () =>
          rawFrame("continuation", Buffer.alloc(1), { fin: false }),
        ),
      ]),
  ],
  [
    "empty fragments",
    () =>
      Buffer.concat([
        rawFrame("binary", Buffer.alloc(0), { fin: false }),
        ...Array.from({ length: 500 }, () =>
          rawFrame("continuation", Buffer.alloc(0), { fin: false }),
        ),
      ]),
  ],
  [
    "many pings",
    () => Buffer.concat(Array.from({ length: 50 }, () => rawFrame("ping", Buffer.alloc(1)))),
  ],
])("a socket that sends %s is closed", async (_what, bytes) => {
  const connection = await socket("203.0.113.8");
  connection.write(bytes());
  await connection.closed;
});

test("a hello is taken in several pieces and fragments", async () => {
  const device = await customerDevice(server);
  const hello = Buffer.from(encodeFrame({ kind: "hello", body: helloOf(device) }));
  expect(hello.length).toBeLessThanOrEqual(wireLimits.hello);
  const relay = await RelaySocket.dial(server);
  const middle = hello.length >> 1;
  relay.socket.send(hello.subarray(0, middle), { binary: true, fin: false });
  relay.socket.send(hello.subarray(middle), { binary: true, fin: true });
  expect((await relay.next("welcome")).device).toBe(device.id);
  // After the welcome a frame may be larger, and pings are answered.
  for (let ping = 0; ping < 20; ping++) relay.socket.ping();
  relay.send({ kind: "heartbeat", body: {} });
  await relay.next("heartbeat");
  await relay.close();
});

test("sockets of one IPv6 /64 share the places of one network", async () => {
  const sockets = Array.from({ length: 50 }, (_, index) =>
    socket(`2001:db8:1:1::${index.toString(16)}`),
  );
  await Promise.all(sockets);
  const refused = askForWebSocket(server.url, { "X-Forwarded-For": "2001:db8:1:1:ffff::1" });
  const { status, headers, body } = await refused.answer();
  expect([
    status,
    headers.get("content-type"),
    (JSON.parse(body) as { code: string }).code,
  ]).toEqual([503, "application/problem+json", "overloaded"]);
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  await socket("2001:db8:1:2::1");
});

test("sockets of one IPv6 site that take every place leave some to others", async () => {
  const sockets = Array.from({ length: 100 }, (_, index) => socket(`2001:db8:3:${index % 25}::1`));
  await Promise.all(sockets);
  await socket("198.51.100.7");
});
