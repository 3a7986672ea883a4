import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

/** Messages that fill the network's buffers, but not the window of their sender, who acknowledges none. */
const BELOW_WINDOW = 240;

let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
beforeAll(async () => {
  server = await startTestServer(
    { metrics: { host: "127.0.0.1", port: 0 } },
    { tickMs: 20, stallMs: 2_000 },
  );
  customer = await customerDevice(server);
  agent = await staffDevice(server);
});
afterAll(() => server.close());

test("a gap that a device is told of is counted", async () => {
  const conversation = await createConversation(customer, [agent]);
  const sender = await RelaySocket.open(server, customer);
  await sender.post(messageTo(conversation, [agent]));
  await server.database.owner.query(
    "delete from sealdesk.events where conversation = $1 and seq = 1",
    [conversation],
  );
  const reader = await RelaySocket.open(server, agent);
  await reader.next("gap");
  expect(await server.scrape()).toContain("sealdesk_gaps_total 1\n");
  await Promise.all([sender.close(), reader.close()]);
});

test("each step taken against a device that reads no frames is counted", async () => {
  const conversation = await createConversation(customer, [agent]);
  const slow = await RelaySocket.open(server, customer, [{ conversation, seq: 1 }]);
  const sender = await RelaySocket.open(server, agent);
  await sender.post(messageTo(conversation, [customer]));
  await slow.deliveries(1);
  slow.socket.pause();
  const typing = {
    kind: "activity",
    body: { conversation, kind: "typing", seq: 0, device: undefined },
  } as const;
  for (let index = 0; index < BELOW_WINDOW; index++) {
    const send = { ...messageTo(conversation, [customer]), ciphertext: new Uint8Array(60_000) };
    expect(await sender.post(send)).toHaveProperty("seq");
    if (index % 10 === 0) sender.send(typing);
  }
  const steps = ["dropped_ephemeral", "caught_up_from_log", "closed"];
  const uncounted = async () => {
    const scraped = await server.scrape();
    return steps.filter((step) =>
      scraped.includes(`sealdesk_slow_consumers_total{step="${step}"} 0
`),
    );
  };
  const deadline = Date.now() + 15_000;
  while ((await uncounted()).length > 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await uncounted()).toEqual([]);
  expect(await server.scrape()).toContain('sealdesk_socket_closes_total{reason="stalled"} 1\n');
  slow.socket.terminate();
  await sender.close();
}, 30_000);
