import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { attachRelay } from "../../../server/socket/attach-relay.ts";
import { usualTimings } from "../../../server/timings.ts";

let http: Server;
beforeAll(async () => {
  http = createServer();
  attachRelay(http, {
    timings: usualTimings,
    helloLimits: { waitingSockets: { perNode: 1, perNetwork: 1 }, networkOf: () => "" },
  } as unknown as Parameters<typeof attachRelay>[1]);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
});
afterAll(() => new Promise((resolve) => http.close(resolve)));

test.each([
  ["for another path", "/elsewhere", "sealdesk.v1"],
  ["for another protocol", "/v1/relay", "chat"],
])(
  "a peer that resets a refused upgrade %s ends its own connection only",
  async (_, path, protocol) => {
    const upgraded = once(http, "upgrade");
    const { port } = http.address() as AddressInfo;
    const peer = connect(port, "127.0.0.1");
    peer.write(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    const [, stream] = (await upgraded) as [unknown, Duplex];
    // Without a listener of its own, this event would be an exception that nobody catches.
    expect(stream.listenerCount("error")).toBeGreaterThan(0);
    peer.resetAndDestroy();
    await new Promise((resolve) => stream.once("close", resolve));
    expect(http.listening).toBe(true);
  },
);
