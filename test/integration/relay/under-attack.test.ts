import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { connectCustomer, connectStaff, joined, readTexts } from "../../support/member.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const metrics = { host: "127.0.0.1", port: 0 };
const MiB = 1024 * 1024;

/** What a connection may have buffered when a page of the largest messages was just sent. */
const MOST_BUFFERED = 1 * MiB + 64 * 66 * 1024;

async function buffered(server: TestServer): Promise<number> {
  const scraped = await server.scrape();
  return Number(/^sealdesk_buffered_bytes\{sockets="fullest"\} (\d+)$/m.exec(scraped)?.[1]);
}

/** Two people who talk through all of `trouble`. @returns what one said and what the other read */
async function talkThrough(server: TestServer, trouble: () => Promise<void>) {
  const [agent, customer] = [await connectStaff(server), await connectCustomer(server)];
  const theirs = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const said: string[] = [];
  const say = async () => {
    said.push(`message ${said.length}`);
    await theirs.send(said.at(-1) ?? "");
  };
  await say();
  const over = new AbortController();
  const troubled = trouble().finally(() => over.abort());
  troubled.catch(() => undefined); // thrown below
  while (!over.signal.aborted) await say();
  await troubled;
  await say();
  const read = await readTexts(await joined(agent, theirs.id), said.length);
  await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  return { said, read };
}

describe("two people talk on, and miss nothing, while", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ metrics }, { tickMs: 20, stallMs: 2_000 });
  });
  afterAll(() => server.close());

  test("a consumer never reads: what waits for it is bounded, and it is let go of", async () => {
    const [customer, flooder] = [await customerDevice(server), await staffDevice(server)];
    const conversation = await createConversation(customer, [flooder]);
    const slow = await RelaySocket.open(server, customer, [{ conversation, seq: 1 }]);
    const sender = await RelaySocket.open(server, flooder);
    slow.socket.pause();
    let most = 0;
    const { said, read } = await talkThrough(server, async () => {
      // Over what the window of the sender lets through unacknowledged.
      for (let index = 0; index < 240; index++) {
        const send = { ...messageTo(conversation, [customer]), ciphertext: randomBytes(60_000) };
        expect(await sender.post(send)).toHaveProperty("seq");
        if (index % 20 === 0) most = Math.max(most, await buffered(server));
      }
      const closed = 'sealdesk_socket_closes_total{reason="stalled"} 1\n';
      while (!(await server.scrape()).includes(closed))
        most = Math.max(most, await buffered(server));
    });
    expect(read).toEqual(said);
    // 14 MB were on their way to it.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(MOST_BUFFERED);
    slow.socket.terminate();
    await sender.close();
  }, 120_000);

  test("10,000 garbage frames and frames of 600 KB come", async () => {
    const { said, read } = await talkThrough(server, async () => {
      for (let round = 0; round < 20; round++) {
        const sockets = await Promise.all(
          Array.from({ length: 10 }, () => RelaySocket.dial(server)),
        );
        for (const { socket } of sockets)
          for (let frame = 0; frame < 50; frame++) socket.send(randomBytes(1 + frame * 7));
        const large = await RelaySocket.dial(server);
        large.socket.send(randomBytes(600 * 1024));
        expect(await large.closed).toBe(4500);
        expect(new Set(await Promise.all(sockets.map(({ closed }) => closed)))).toEqual(
          new Set([4500]),
        );
      }
    });
    expect(read).toEqual(said);
  }, 120_000);
});

describe("sockets that say nothing", () => {
  const places = 20;
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(
      { waitingSockets: { perNode: places, perNetwork: places } },
      { tickMs: 20, helloMs: 1_500, closingMs: 200 },
    );
  });
  afterAll(() => server.close());

  test("are refused above their number, trouble nobody who is in, and give their places back", async () => {
    const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
    const conversation = await createConversation(customer, [agent]);
    const [mine, theirs] = [
      await RelaySocket.open(server, customer),
      await RelaySocket.open(server, agent),
    ];
    const strangers = await Promise.all(
      Array.from({ length: places }, () => RelaySocket.dial(server)),
    );
    const url = `${server.url.replace("http", "ws")}/v1/relay`;
    const [refused] = (await once(new WebSocket(url, "sealdesk.v1"), "error")) as [Error];
    expect(refused.message).toContain("503");
    expect(await mine.post(messageTo(conversation, [agent]))).toHaveProperty("seq");
    expect((await theirs.deliveries(2)).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(new Set(await Promise.all(strangers.map(({ closed }) => closed)))).toEqual(
      new Set([4002]),
    );
    const welcome = await RelaySocket.open(server, await customerDevice(server));
    await Promise.all([mine.close(), theirs.close(), welcome.close()]);
  });
});
