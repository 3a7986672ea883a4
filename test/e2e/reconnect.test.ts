import { webSocket } from "../../client/index.node.ts";
import type { WebSocketConstructor } from "../../client/index.ts";
import { systemClock } from "../../client/runtime.ts";
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
  type MemberOptions,
} from "../support/member.ts";
import { SeededRandom } from "../../tools/testkit/seeded-random.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const chance = new SeededRandom(42);

/** A network that can be cut, as when a laptop's lid closes, or for good, as when its process dies. */
function cuttable(): {
  readonly webSocket: WebSocketConstructor;
  readonly runtime: NonNullable<MemberOptions["runtime"]>;
  cut(): void;
  kill(): void;
  opened(): number;
} {
  const sockets: { terminate(): void }[] = [];
  let dead = false;
  const Base = webSocket as unknown as new (
    url: string,
    protocols: string,
  ) => {
    terminate(): void;
  };
  class Cuttable extends Base {
    constructor(url: string, protocols: string) {
      super(dead ? "ws://127.0.0.1:9" : url, protocols);
      sockets.push(this);
    }
  }
  const cut = () => sockets.at(-1)?.terminate();
  return {
    webSocket: Cuttable as unknown as WebSocketConstructor,
    runtime: {
      fetch: (url, init) =>
        dead ? Promise.reject(new TypeError("no network")) : globalThis.fetch(url, init),
    },
    cut,
    kill() {
      dead = true;
      cut();
    },
    opened: () => sockets.length,
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const fast = { baseMs: 5, capMs: 20, stableMs: 50 };

describe("connections are lost", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  test("sockets cut at random: nothing is lost, doubled or out of order", async () => {
    const networks = [cuttable(), cuttable()] as const;
    const agent = await connectStaff(server, "agent", { ...networks[0], backoff: fast });
    const customer = await connectCustomer(server, { ...networks[1], backoff: fast });
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);

    const typing = { over: false };
    const cutting = [agent, customer].map(async ({ sealdesk }, who) => {
      let up = true;
      let early = false;
      sealdesk.on("connection", (state) => (up = state === "up"));
      while (!typing.over) {
        await pause(20 + chance.below(120));
        // Cut twice in a row before its welcome, a device would go on over HTTP, which is not cut.
        if (!up && early) continue;
        early = !up;
        networks[who]?.cut();
      }
    });
    const sent = await Promise.all(
      [asking, serving].map(async (conversation, who) => {
        const receipts = [];
        for (let turn = 0; turn < 60; turn++) {
          const texts = Array.from({ length: 5 }, (_, index) => `${who}.${turn * 5 + index}`);
          receipts.push(...(await Promise.all(texts.map((text) => conversation.send(text)))));
        }
        return receipts;
      }),
    );
    typing.over = true;
    await Promise.all(cutting);

    for (const conversation of [asking, serving]) {
      const items = await readUntil(conversation, (all) => textsOf(all).length === 600);
      expect(problemsOf(items)).toEqual([]);
      expect(items.map(({ seq }) => seq)).toEqual(items.map((_, index) => index + 1));
      for (const who of [0, 1])
        expect(textsOf(items).filter((text) => text.startsWith(`${who}.`))).toEqual(
          Array.from({ length: 300 }, (_, index) => `${who}.${index}`),
        );
      const seqOf = new Map(
        items.map((item) => [item.kind === "message" ? item.id : "", item.seq]),
      );
      for (const { id, seq } of sent.flat()) expect(seqOf.get(id)).toBe(seq);
    }
    expect(networks[0].opened()).toBeGreaterThan(1);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  }, 120_000);

  test("devices killed at random: nothing is lost, doubled or out of order", async () => {
    const reader = await connectStaff(server);
    let network = cuttable();
    let writer = await connectCustomer(server, network);
    const { id } = await writer.sealdesk.openConversation({ with: [reader.sealdesk.user.id] });
    const reading = await joined(reader, id);
    const texts = Array.from({ length: 120 }, (_, index) => `text ${index}`);
    const killed: Member[] = [];

    for (let start = 0; start < texts.length; start += 20) {
      const conversation = await joined(writer, id);
      const queued = texts.slice(start, start + 20).map(async (text) => {
        await conversation.send(text).catch(() => undefined);
      });
      // Everything is queued once the last text is in the store; then the process is gone.
      while (!(await holds(writer, start + 20))) await pause(1);
      await pause(chance.below(30));
      network.kill();
      killed.push(writer);
      network = cuttable();
      const disk = await copyOf(writer.level);
      writer = await connect(server, writer.credentials, { level: disk, ...network }, writer.key);
      void queued;
    }
    await writer.sealdesk.synced();

    for (const conversation of [reading, await joined(writer, id)]) {
      const items = await readUntil(conversation, (all) => textsOf(all).length === texts.length);
      expect(problemsOf(items)).toEqual([]);
      expect(textsOf(items)).toEqual(texts);
    }
    await Promise.all([...killed, writer, reader].map(({ sealdesk }) => sealdesk.close()));
  }, 60_000);

  test("an access token that expired is renewed, a session that is over is opened anew", async () => {
    // The test's clock is the server's, so its answers' dates, which are real, are left out.
    const runtime: MemberOptions["runtime"] = {
      clock: { ...systemClock, now: () => server.clock.now() },
      fetch: async (url, init) => {
        const { ok, status, ...response } = await answerOf(await globalThis.fetch(url, init));
        return { ok, status, ...response, headers: { get: () => null } };
      },
    };
    const network = cuttable();
    const agent = await connectStaff(server);
    const customer = await connectCustomer(server, { ...network, backoff: fast, runtime });
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);
    for (const hours of [0.9, 1.5, 14]) {
      server.clock.offsetMs = hours * 3_600_000;
      network.cut();
      await asking.send(`after ${hours} hours`);
    }
    server.clock.offsetMs = 0;

    const items = await readUntil(serving, (all) => textsOf(all).length === 3);
    expect(textsOf(items)).toEqual(["after 0.9 hours", "after 1.5 hours", "after 14 hours"]);
    expect(network.opened()).toBeGreaterThanOrEqual(4);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  });

  test("a device whose clock is wrong by a day goes by the server's", async () => {
    const clock = { ...systemClock, now: () => Date.now() + 86_400_000 };
    const agent = await connectStaff(server);
    const customer = await connectCustomer(server, { runtime: { clock } });
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    await asking.send("what day is it?");

    const items = await readUntil(await joined(agent, asking.id), (all) => all.length === 2);
    expect(textsOf(items)).toEqual(["what day is it?"]);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  });
});

const answerOf = async (response: Response) => {
  const body = await response.text();
  return { ok: response.ok, status: response.status, text: () => Promise.resolve(body) };
};

/** Whether so many texts are in the device's outbox or history. */
async function holds({ level }: Member, count: number): Promise<boolean> {
  const entries = await level.iterator({ keyEncoding: "utf8", valueEncoding: "view" }).all();
  const outbox = entries.filter(([key]) => key.startsWith("outbox!")).length;
  const history = entries.filter(([key]) => key.startsWith("history!")).length;
  return outbox + history - 1 >= count;
}
