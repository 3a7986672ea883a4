import {
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("a device that was away while events were purged is told so, and reads what came after", async () => {
  const customer = await connectCustomer(server);
  let agent = await connectStaff(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await asking.send("before");
  await readUntil(await joined(agent, asking.id), (items) => textsOf(items).length === 1);
  await agent.sealdesk.close();
  for (let index = 0; index < 5; index++) await asking.send(`away ${index}`);
  await server.database.owner.query(
    "delete from sealdesk.events where conversation = $1 and seq <= 5",
    [asking.id],
  );

  agent = await agent.restart();
  const serving = await joined(agent, asking.id);
  const items = await readUntil(serving, (all) => textsOf(all).length === 3);
  expect(items[2]).toEqual({ kind: "gap", seq: 5, from: 3, to: 5, reason: "purged" });
  // "away 3" and "away 4" came under a key this device has, and are checked from there on.
  expect(textsOf(items)).toEqual(["before", "away 3", "away 4"]);
  expect(items.map(({ seq }) => seq)).toEqual([1, 2, 5, 6, 7]);
  await serving.send("so I see");
  await asking.send("after");
  const all = await readUntil(serving, (read) => textsOf(read).includes("after"));
  expect(problemsOf(all)).toEqual([]);
  await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
});
