import { systemClock, type Fetch } from "../../client/runtime.ts";
import { connectCustomer, connectStaff, joined, readTexts } from "../support/member.ts";
import { until } from "../support/until.ts";
import { startTamperingRelay } from "../support/tampering-relay.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** As a server whose own clock is wrong answers. */
const withServerDate: Fetch = async (url, init) => {
  const answer = await fetch(url, init);
  const headers = new Headers(answer.headers);
  headers.set("date", new Date(server.clock.now()).toUTCString());
  const { status } = answer;
  return new Response(status === 204 ? null : await answer.arrayBuffer(), { status, headers });
};

test("messages arrive in order after the clock of a connected device or of the server jumped", async () => {
  let offsetMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + offsetMs };
  const runtime = { clock, fetch: withServerDate };
  const agent = await connectStaff(server, "agent", { runtime });
  const customer = await connectCustomer(server, { runtime });
  const said = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const heard = await joined(agent, said.id);
  const texts: string[] = [];
  for (const [device, node] of [
    [0, 0],
    [7 * minute, 0],
    [0, 0],
    [9 * hour, 0],
    [-60 * day, 0],
    [0, 0],
    [0, -hour],
    [0, 0],
  ] as const) {
    offsetMs = device;
    server.clock.offsetMs = node;
    const next = ["a", "b", "c"].map((letter) => `${letter}${texts.length}`);
    texts.push(...next);
    await Promise.all(next.map((text) => said.send(text)));
  }
  expect(await readTexts(heard, texts.length)).toEqual(texts);
  await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
});

test.each([15 * minute, -15 * minute])(
  "a device that connects again after the server's clock jumped by %i ms asks for the time",
  async (jumpMs) => {
    server.clock.offsetMs = 0;
    const relay = await startTamperingRelay(server);
    const agent = await connectStaff(server, "agent", { runtime: { fetch: withServerDate } });
    const customer = await connectCustomer(server, {
      runtime: { fetch: withServerDate },
      webSocket: relay.webSocket,
      backoff: { baseMs: 5, capMs: 20, stableMs: 50 },
    });
    const said = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    await said.send("before");
    server.clock.offsetMs = jumpMs;
    relay.cut();
    await said.send("after");
    expect(await readTexts(await joined(agent, said.id), 2)).toEqual(["before", "after"]);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
    await relay.close();
    server.clock.offsetMs = 0;
  },
);

test("a device whose clock is years ahead is told of its clock, and speaks once it is right", async () => {
  let offsetMs = 3 * 365 * day;
  const clock = { ...systemClock, now: () => Date.now() + offsetMs };
  const agent = await connectStaff(server, "agent");
  const customer = await connectCustomer(server, { runtime: { clock } });
  const said = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await expect(said.send("early")).rejects.toMatchObject({
    code: "untrusted_member",
    message: expect.stringMatching(/clock is wrong, set it/),
  });
  offsetMs = 0;
  const restarted = await customer.restart();
  await until(() => restarted.sealdesk.conversation(said.id)?.uncertified.length === 0);
  await restarted.sealdesk.conversation(said.id)!.send("in time");
  expect(await readTexts(await joined(agent, said.id), 1)).toEqual(["in time"]);
  await Promise.all([agent.sealdesk.close(), restarted.sealdesk.close()]);
});
