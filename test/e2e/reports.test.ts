/** Scenario S12: a member reports what a real device has received. Real devices, a real relay. */
import { staffDevice } from "../support/device.ts";
import { seen } from "../support/history.ts";
import { closeAll, connectCustomer, connectStaff, joined } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("a device reports messages that it received, and moderators read these alone", async () => {
  const [customer, agent] = [await connectCustomer(server), await connectStaff(server)];
  const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const theirs = await joined(agent, talk.id);
  const sent = [];
  for (const text of ["you will regret this", "an innocent secret"])
    sent.push(await theirs.send(text));
  const own = await talk.send("please stop");
  await seen(talk, own.seq);

  const asked = {
    conversation: talk.id,
    reason: "threat",
    messages: [sent[0]!.seq],
    context: [own.seq],
  } as const;
  const id = await customer.sealdesk.report(asked);
  await expect(customer.sealdesk.report(asked)).rejects.toMatchObject({ problem: "report_exists" });
  await expect(
    customer.sealdesk.report({ ...asked, messages: [own.seq], context: [] }),
  ).rejects.toMatchObject({ problem: "invalid_report" });
  await expect(customer.sealdesk.report({ ...asked, messages: [99] })).rejects.toMatchObject({
    code: "invalid_argument",
  });
  const because = { ...asked, reason: "because" } as never;
  await expect(customer.sealdesk.report(because)).rejects.toMatchObject({
    code: "invalid_argument",
  });

  const moderator = await staffDevice(server, "moderator");
  const { body } = await moderator.request("GET", `/v1/reports/${id}`);
  expect(body.messages).toMatchObject([
    { isContext: false, author: agent.sealdesk.user.id, content: { text: "you will regret this" } },
    { isContext: true, author: customer.sealdesk.user.id, content: { text: "please stop" } },
  ]);
  expect(JSON.stringify(body)).not.toContain("an innocent secret");

  const decided = { decision: "mute", hours: 1, reason: "a test" };
  await moderator.request("POST", `/v1/reports/${id}/decision`, { body: decided });
  await expect(theirs.send("still here")).rejects.toMatchObject({ problem: "sanctioned" });
  const { rights } = agent.sealdesk;
  expect(await rights.decisions()).toMatchObject([{ id, decision: "mute", appealedAtMs: null }]);
  await rights.appeal(id);
  await expect(rights.appeal(id)).rejects.toMatchObject({ problem: "appeal_not_possible" });
  expect(await customer.sealdesk.rights.decisions()).toEqual([]);
  await closeAll(customer, agent);
});
