import { webSocket } from "../../../client/index.node.ts";
import { TcpProxy } from "../../../tools/testkit/tcp-proxy.ts";
import { connectCustomer, connectStaff, joined, readTexts } from "../../support/member.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

/** A network that swallows bytes and tells nobody: neither side's sockets close by themselves. */
let network: TcpProxy;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    { metrics: { host: "127.0.0.1", port: 0 } },
    { tickMs: 20, pingEveryMs: 400, pongWithinMs: 400, silenceMs: 2_000 },
  );
  network = await TcpProxy.start(Number(new URL(server.url).port));
});
afterAll(async () => {
  await network.close();
  await server.close();
});

const throughNetwork = (url: string): string => {
  const through = new URL(url);
  through.port = String(network.port);
  return through.href;
};

/** Resolves when the relay has closed `count` sockets because nothing was heard of them. */
async function silentCloses(count: number): Promise<void> {
  const line = `sealdesk_socket_closes_total{reason="silent"} ${count}\n`;
  while (!(await server.scrape()).includes(line)) await new Promise((r) => setTimeout(r, 20));
}

test("the relay lets go of a device that it hears no more of, and others talk on", async () => {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  const conversation = await createConversation(customer, [agent]);
  const far = await RelaySocket.open({ url: `http://127.0.0.1:${network.port}` }, customer);
  const bystander = await RelaySocket.open(server, agent);
  const { count } = network.silence(() => true);
  expect(count).toBe(1);
  await silentCloses(1);
  expect(await bystander.post(messageTo(conversation, [customer]))).toHaveProperty("seq");
  // The device's own side stands still: nobody has told it.
  expect(far.socket.readyState).toBe(far.socket.OPEN);
  const back = await RelaySocket.open(server, customer);
  expect((await back.deliveries(2)).map(({ seq }) => seq)).toEqual([1, 2]);
  await Promise.all([far.close(), bystander.close(), back.close()]);
});

test.each([
  ["down", ["down"]],
  ["both ways", ["up", "down"]],
] as const)(
  "a device that only listens notices a connection silenced %s, and catches up over another",
  async (_name, directions) => {
    const base = webSocket as unknown as new (url: string, protocols: string) => object;
    class ThroughNetwork extends base {
      constructor(url: string, protocols: string) {
        super(throughNetwork(url), protocols);
      }
    }
    const agent = await connectStaff(server, "agent", {
      webSocket: ThroughNetwork as never,
      keepalive: { quietMs: 600, answerMs: 600 },
    });
    const customer = await connectCustomer(server);
    const theirs = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const ours = await joined(agent, theirs.id);
    await theirs.send("before");
    expect(await readTexts(ours, 1)).toEqual(["before"]);
    const ups: string[] = [];
    agent.sealdesk.on("connection", (state) => void ups.push(state));
    const { count } = network.silence(() => true, directions);
    expect(count).toBeGreaterThan(0);
    await theirs.send("into the void");
    expect(await readTexts(ours, 2)).toEqual(["before", "into the void"]);
    expect(ups.slice(0, 2)).toEqual(["down", "up"]);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  },
  20_000,
);
