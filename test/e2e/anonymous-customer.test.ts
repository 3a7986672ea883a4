import {
  closeAll,
  connect,
  connectStaff,
  joined,
  readTexts,
  type Member,
} from "../support/member.ts";
import { setAnonymous } from "../support/anonymous.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let agent: Member;
beforeAll(async () => {
  server = await startTestServer();
  await setAnonymous(server, server.tenant, true);
  agent = await connectStaff(server);
});
afterAll(async () => {
  await closeAll(agent);
  await server.close();
});

test("a conversation goes on when its anonymous customer becomes known", async () => {
  const tenant = server.tenant.slug;
  const anonymous = await connect(server, { grant: "anonymous", tenant });
  const { user } = anonymous.sealdesk;
  const asked = await anonymous.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await asked.send("I am nobody yet.");
  const answering = await joined(agent, asked.id);
  expect(await readTexts(answering, 1)).toEqual(["I am nobody yet."]);
  expect(await agent.sealdesk.isAnonymous(user.id)).toBe(true);

  await closeAll(anonymous);
  const token = () => server.customerToken("mrs-x");
  const { level, key } = anonymous;
  const known = await connect(server, { grant: "customer_token", tenant, token }, { level }, key);
  expect(known.sealdesk.user.id).toBe(user.id);
  const goesOn = await joined(known, asked.id);
  await goesOn.send("I have signed in.");
  await answering.send("Good.");
  expect(await readTexts(answering, 2)).toEqual(["I am nobody yet.", "I have signed in."]);
  expect(await agent.sealdesk.isAnonymous(user.id)).toBe(false);
  await closeAll(known);

  await expect(
    connect(server, { grant: "anonymous", tenant }, { level }, key),
  ).rejects.toMatchObject({ code: "customer_known" });
});
