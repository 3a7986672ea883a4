/**
 * Scenario C1: an agent who joins by hand-over reads nothing of before, and after a grant exactly
 * the granted range, checked against the log. Real devices, a real relay.
 */
import { type ConversationItem, type HistoryProgress } from "../../client/index.ts";
import {
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const count = 50;
const said = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`);

/** A customer and an agent who said 50 messages, in events 2 to 51; then a colleague joins. */
async function handOver() {
  const customer = await connectCustomer(server);
  const agent = await connectStaff(server);
  const talk = await customer.desk.openConversation({ with: [agent.desk.user.id] });
  const agentTalk = await joined(agent, talk.id);
  for (let index = 1; index <= count; index++)
    await (index % 2 === 0 ? talk : agentTalk).send(`message ${index}`);
  await readUntil(talk, (items) => textsOf(items).length === count);
  const colleague = await connectStaff(server);
  await agentTalk.addMember(colleague.desk.user.id);
  const colleagueTalk = await joined(colleague, talk.id);
  return { customer, agent, colleague, talk, agentTalk, colleagueTalk };
}

function received(member: Member): Promise<HistoryProgress> {
  return new Promise((resolve) => {
    const stop = member.desk.on("history", ({ progress }) => {
      if (progress.direction !== "receiving" || progress.done < progress.total) return;
      stop();
      resolve(progress);
    });
  });
}

const inRange = (items: readonly ConversationItem[], from: number, to: number) =>
  items.filter(({ seq }) => seq >= from && seq <= to);

test("a newcomer reads nothing of before, then exactly what was granted, where it belongs", async () => {
  const { customer, colleague, talk, colleagueTalk } = await handOver();
  const before = await readUntil(colleagueTalk, (items) => items.length > 0);
  expect(textsOf(before)).toEqual([]);

  const taken = received(colleague);
  await joinedSeq(talk, 52);
  const granted = await talk.grantHistory({
    to: colleague.desk.user.id,
    fromSeq: 12,
    toSeq: 41,
    purpose: "hand_over",
  });
  expect(await taken).toMatchObject({ grant: granted.id, fromSeq: 12, toSeq: 41, done: 30 });

  const items = await readUntil(colleagueTalk, (all) => all.some(({ seq }) => seq >= granted.seq));
  expect(problemsOf(items)).toEqual([]);
  expect(textsOf(items)).toEqual(said(11, 40));
  expect(items.map(({ seq }) => seq)).toEqual([
    ...Array.from({ length: 30 }, (_, i) => 12 + i),
    52,
    granted.seq,
  ]);
  expect(items[0]).toMatchObject({ grantedBy: customer.desk.user.id });
  expect(items.at(-1)).toMatchObject({
    kind: "history_granted",
    grant: { id: granted.id, purpose: "hand_over" },
  });
});

const joinedSeq = async (talk: Parameters<typeof readUntil>[0], seq: number) => {
  await readUntil(talk, (items) => items.some((item) => item.seq >= seq));
};
