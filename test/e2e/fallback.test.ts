import { HttpProxy } from "../../tools/testkit/http-proxy.ts";
import type { SealdeskError } from "../../client/index.ts";
import {
  connect,
  connectCustomer,
  connectStaff,
  copyOf,
  joined,
  problemsOf,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { startTestServer, type TestNode, type TestServer } from "../support/server.ts";

const backoff = { baseMs: 20, capMs: 200, stableMs: 1_000, upgradeMs: 100 };
const batch = 200;

let proxy: HttpProxy;
let server: TestServer;
beforeEach(async () => {
  proxy = await HttpProxy.start();
  server = await startTestServer({ publicUrl: proxy.url });
  proxy.targets = [portOf(server.address)];
});
afterEach(async () => {
  await proxy.close();
  await server.close();
});

const portOf = (url: string): number => Number(new URL(url).port);

/** Resolves when the device is connected by what `isUsed` looks for. */
async function until(isUsed: () => boolean): Promise<void> {
  while (!isUsed()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const used = (request: string) => () => proxy.seen.includes(request);
const stream = used("GET /v1/relay/stream");
const poll = used("GET /v1/relay/events");

/** Two members who write to each other, and what they wrote so far. */
async function begin() {
  const agent = await connectStaff(server, "agent", { backoff });
  const customer = await connectCustomer(server, { backoff });
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  let sent = 0;
  return {
    /** Both send while `meanwhile` happens. */
    async talk(meanwhile: () => Promise<unknown>): Promise<void> {
      const from = sent;
      sent += batch;
      const texts = Array.from({ length: batch }, (_, index) => from + index);
      const talking = [asking, serving].map(async (conversation, who) => {
        for (let at = 0; at < batch; at += 5)
          await Promise.all(
            texts.slice(at, at + 5).map((text) => conversation.send(`${who}.${text}`)),
          );
      });
      await Promise.all([...talking, meanwhile()]);
    },
    /** Both have everything, once and in order. */
    async check(): Promise<void> {
      for (const conversation of [asking, serving]) {
        const items = await readUntil(conversation, (all) => textsOf(all).length === 2 * sent);
        expect(problemsOf(items)).toEqual([]);
        expect(items.map(({ seq }) => seq)).toEqual(items.map((_, index) => index + 1));
        for (const who of [0, 1])
          expect(textsOf(items).filter((text) => text.startsWith(`${who}.`))).toEqual(
            Array.from({ length: sent }, (_, index) => `${who}.${index}`),
          );
      }
    },
    close: () => Promise.all([agent, customer].map(({ sealdesk }: Member) => sealdesk.close())),
  };
}

const nothing = () => Promise.resolve();

test.each([
  ["a stream", false, stream],
  ["long polls", true, poll],
])(
  "upgrades are refused, which leaves %s, and then allowed: nothing is lost, doubled or out of order",
  async (_, holdStreams, isUsed) => {
    proxy.rules.holdStreams = holdStreams;
    const members = await begin();
    await members.talk(async () => {
      proxy.forbidUpgrades();
      await until(isUsed);
    });
    await members.talk(nothing);
    const before = proxy.upgraded;
    // Each of the two looks whether a WebSocket opens, and then opens its own.
    await members.talk(async () => {
      proxy.rules.refuseUpgrades = false;
      await until(() => proxy.upgraded >= before + 4);
    });
    await members.check();
    await members.close();
  },
  240_000,
);

test.each([
  ["stream", false],
  ["long poll", true],
])(
  "a final refusal over a %s is final for the device",
  async (_, holdStreams) => {
    proxy.rules.refuseUpgrades = true;
    proxy.rules.holdStreams = holdStreams;
    const first = await connectCustomer(server, { backoff });
    const ended = new Promise<SealdeskError>((resolve) => first.sealdesk.on("end", resolve));
    // A copy of its disk in another process: the same device.
    const level = await copyOf(first.level);
    const second = await connect(server, first.credentials, { backoff, level }, first.key);
    expect((await ended).code).toBe("displaced");
    await second.sealdesk.synced();
    await Promise.all([first, second].map(({ sealdesk }) => sealdesk.close()));
  },
  60_000,
);

test("a device without WebSockets connects, although answers are lost on the way", async () => {
  proxy.rules.refuseUpgrades = true;
  proxy.rules.holdStreams = true;
  let turn = 0;
  proxy.rules.loseAnswer = (_, path) =>
    /^\/v1\/relay\/(send|events)/.test(path) && ++turn % 7 === 0;
  const members = await begin();
  expect(poll()).toBe(true);
  await members.talk(nothing);
  await members.check();
  await members.close();
}, 240_000);

describe("two nodes, whose requests a balancer deals in turn", () => {
  let other: TestNode;
  beforeEach(async () => {
    other = await server.startNode();
    proxy.targets = [portOf(server.address), portOf(other.url)];
    proxy.rules.refuseUpgrades = true;
  });
  afterEach(() => other.close().catch(() => undefined));

  test("one of them stops, and the other goes on", async () => {
    const members = await begin();
    await members.talk(async () => {
      await until(stream);
      await other.close();
      proxy.targets = [portOf(server.address)];
    });
    await members.check();
    await members.close();
  }, 240_000);

  test.each([
    ["streams", false, stream],
    ["long polls", true, poll],
  ])(
    "%s make progress, and lose, double and reorder nothing",
    async (_, holdStreams, isUsed) => {
      proxy.rules.holdStreams = holdStreams;
      const members = await begin();
      await until(isUsed);
      await members.talk(nothing);
      await members.check();
      await members.close();
    },
    240_000,
  );
});
