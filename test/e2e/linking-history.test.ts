/** A device that a sibling lets in is given the account's past by itself. Real devices, a real relay. */
import type { Conversation, Fetch, HistoryProgress } from "../../client/index.ts";
import { crashed, cutAt, said, shown } from "../support/history.ts";
import {
  closeAll,
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  startLinking,
  textsOf,
  type Member,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A customer with two conversations of thirty messages each, of which the first is closed. */
async function twoConversations(fetch: Fetch = globalThis.fetch) {
  const customer = await connectCustomer(server, { runtime: { fetch } });
  const agent = await connectStaff(server);
  const talks: Conversation[] = [];
  for (const first of [1, 31]) {
    const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const reply = await joined(agent, talk.id);
    for (let index = first; index < first + 30; index++)
      await (index % 2 === 0 ? talk : reply).send(`message ${index}`);
    talks.push(talk);
  }
  const [over, going] = talks as [Conversation, Conversation];
  await over.close();
  await readUntil(going, (all) => textsOf(all).length === 30);
  return { customer, agent, over: over.id, going: going.id };
}

/** What a device is told of grants, and a promise of the end of `count` of them. */
function following(member: Member, direction: HistoryProgress["direction"], count: number) {
  const steps: HistoryProgress[] = [];
  const ended = new Promise<void>((resolve) => {
    member.sealdesk.on("history", ({ progress }) => {
      if (progress.direction !== direction) return;
      steps.push(progress);
      const finished = steps.filter(({ done, total }) => done === total);
      if (new Set(finished.map(({ grant }) => grant)).size === count) resolve();
    });
  });
  return { steps, ended };
}

const pastOf = async (member: Member, id: string) => {
  const items = await readUntil(member.sealdesk.conversation(id)!, (all) =>
    all.some(({ kind }) => kind === "history_granted"),
  );
  expect(problemsOf(items)).toEqual([]);
  return textsOf(items);
};

/** All thirty messages, once they are there: a device may have taken them in before it was asked. */
async function wholePast(member: Member, id: string): Promise<string[]> {
  const talk = await joined(member, id);
  for (;;) {
    const further = new Promise<void>((resolve) => {
      const stop = member.sealdesk.on("history", () => {
        stop();
        resolve();
      });
    });
    const items = await shown(talk, talk.seq);
    expect(problemsOf(items)).toEqual([]);
    if (textsOf(items).length === 30) return textsOf(items);
    await further;
  }
}

async function bothGoOn(one: Member, other: Member, id: string) {
  await one.sealdesk.conversation(id)!.send("from the first");
  await other.sealdesk.conversation(id)!.send("from the second");
  for (const { sealdesk } of [one, other]) {
    const isThere = (text: string) => (all: Parameters<typeof textsOf>[0]) =>
      textsOf(all).includes(text);
    await readUntil(sealdesk.conversation(id)!, isThere("from the first"));
    const items = await readUntil(sealdesk.conversation(id)!, isThere("from the second"));
    expect(problemsOf(items)).toEqual([]);
  }
}

test("a linked device gets all of both conversations in order, and both devices continue", async () => {
  const { customer, agent, over, going } = await twoConversations();
  const giving = following(customer, "giving", 2);
  const laptop = await connectSibling(server, customer);
  const receiving = following(laptop, "receiving", 2);
  await Promise.all([giving.ended, receiving.ended]);

  expect(await pastOf(laptop, over)).toEqual(said(1, 30));
  expect(await pastOf(laptop, going)).toEqual(said(31, 60));
  await expect(laptop.sealdesk.conversation(over)!.send("one more")).rejects.toMatchObject({
    code: "conversation_closed",
  });
  // The creation, thirty messages and, of the closed one, that it is closed.
  expect(new Set(giving.steps.map(({ total }) => total))).toEqual(new Set([31, 32]));
  for (const { steps } of [giving, receiving]) expect(steps[0]!.done).toBeLessThan(31);
  await bothGoOn(customer, laptop, going);
  await closeAll(customer, agent, laptop);
}, 120_000);

test.each([
  ["a pack is up", (method: string, url: string) => method === "HEAD" && url.includes("/attach")],
  ["its grant is made", (method: string, url: string) => url.endsWith("/history-grants")],
])(
  "a sibling killed before %s goes on with it",
  async (_when, matched) => {
    const network = cutAt(matched);
    const { customer, agent, over, going } = await twoConversations(network.fetch);
    const laptop = await connectSibling(server, customer);
    const receiving = following(laptop, "receiving", 2);
    await network.cut;
    expect(receiving.steps).toEqual([]);
    const revived = await crashed(server, customer);
    await receiving.ended;
    expect(await pastOf(laptop, over)).toEqual(said(1, 30));
    expect(await pastOf(laptop, going)).toEqual(said(31, 60));
    const grants = await readUntil(
      laptop.sealdesk.conversation(going)!,
      (all) => all.at(-1)?.kind === "history_granted",
    );
    expect(grants.filter(({ kind }) => kind === "history_granted").length).toBe(1);
    await bothGoOn(revived, laptop, going);
    await closeAll(revived, agent, laptop);
  },
  120_000,
);

test("a new device killed while it takes the past in goes on with it", async () => {
  const { customer, agent, over, going } = await twoConversations();
  const network = cutAt((method, url) => method === "GET" && url.includes("/attachments/"));
  const laptop = await connectSibling(server, customer, { runtime: { fetch: network.fetch } });
  await network.cut;
  const revived = await crashed(server, laptop);
  expect(await wholePast(revived, over)).toEqual(said(1, 30));
  expect(await wholePast(revived, going)).toEqual(said(31, 60));
  await closeAll(customer, agent, revived);
}, 120_000);

test("a device linked without history gets only later messages", async () => {
  const { customer, agent, going } = await twoConversations();
  const newcomer = await startLinking(server, customer.credentials);
  await customer.sealdesk.approveDevice(newcomer.link.code, { history: false });
  const tablet = await newcomer.member;
  await joined(tablet, going);
  await bothGoOn(customer, tablet, going);
  const items = await readUntil(tablet.sealdesk.conversation(going)!, (all) =>
    textsOf(all).includes("from the second"),
  );
  expect(textsOf(items)).toEqual(["from the first", "from the second"]);
  await closeAll(customer, agent, tablet);
}, 120_000);
