import { newId } from "../../../tools/testkit/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { ban, decideReport, report, reportedMessage, say } from "../../support/reports.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let moderator: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  moderator = await staffDevice(server, "moderator");
});
afterAll(() => server.close());

/** A customer has threatened an agent, who has reported it. */
async function threatened() {
  const [customer, agent] = [await customerDevice(server, newId()), await staffDevice(server)];
  const conversation = await createConversation(customer, [agent]);
  const disclosed = await say(customer, conversation, [agent], "a threat");
  const { body } = await report(agent, conversation, [disclosed]);
  return { customer, agent, conversation, id: body.id as string };
}

const outcome = ({ status, body }: { readonly status: number; readonly body: { code?: string } }) =>
  [status, body.code] as const;

test("the queue shows what waits, and a decision takes it out", async () => {
  const { id, agent } = await reportedMessage(server);
  const listed = async (query = "") =>
    ((await moderator.request("GET", `/v1/reports${query}`)).body.reports as { id: string }[]).find(
      (each) => each.id === id,
    );
  expect(await listed()).toMatchObject({ id, reported: agent.user, decision: null });
  expect(await listed()).not.toHaveProperty("messages");
  expect((await decideReport(moderator, id, { decision: "warn" })).body).toEqual({ request: null });
  expect(await listed()).toBeUndefined();
  expect(await listed("?all=true")).toMatchObject({
    decision: "warn",
    decidedBy: moderator.user,
    decisionReason: "a test",
  });
  expect(outcome(await decideReport(moderator, id, { decision: "dismiss" }))).toEqual([
    409,
    "report_decided",
  ]);
});

test("only moderators judge, and nobody judges a report of their own", async () => {
  const { id, customer, agent } = await reportedMessage(server);
  const others = [
    customer,
    agent,
    await staffDevice(server, "supervisor"),
    await staffDevice(server, "admin"),
    await staffDevice(server, "compliance_officer"),
  ];
  for (const each of others) {
    for (const path of ["/v1/reports", `/v1/reports/${id}`])
      expect(outcome(await each.request("GET", path))).toEqual([403, "forbidden"]);
    const decided = await decideReport(each, id, { decision: "dismiss" });
    expect(outcome(decided)).toEqual([403, "forbidden"]);
  }
  // The role of the author has changed since.
  await server.database.owner.query("update sealdesk.users set role = 'moderator' where id = $1", [
    agent.user,
  ]);
  const read = await agent.request("GET", `/v1/reports/${id}`);
  expect(outcome(read)).toEqual([403, "forbidden"]);
  expect(outcome(await decideReport(agent, id, { decision: "dismiss" }))).toEqual([
    403,
    "forbidden",
  ]);
  const { reports } = (await agent.request("GET", "/v1/reports")).body;
  expect(JSON.stringify(reports)).not.toContain(id);
});

test("a muted person writes nothing on any node until the mute ends", async () => {
  const { customer, agent, conversation, id } = await threatened();
  const node = await server.startNode();
  const socket = await RelaySocket.open(node, customer);
  expect(await socket.post(messageTo(conversation, [agent]))).toHaveProperty("seq");
  expect((await decideReport(moderator, id, { decision: "mute", hours: 2 })).status).toBe(200);
  expect(await socket.post(messageTo(conversation, [agent]))).toMatchObject({
    code: "sanctioned",
    message: expect.stringContaining("moderator"),
  });
  // The others write on, and a mute lets its person begin conversations.
  const other = await RelaySocket.open(server, agent);
  expect(await other.post(messageTo(conversation, [customer]))).toHaveProperty("seq");
  await createConversation(customer, [agent]);
  await server.database.owner.query(
    "update sealdesk.sanctions set from_ms = 0, until_ms = 1 where report = $1",
    [id],
  );
  expect(await socket.post(messageTo(conversation, [agent]))).toHaveProperty("seq");
  await Promise.all([socket.close(), other.close()]);
  await node.close();
});

test("a ban needs a second moderator, and keeps the account from writing and beginning", async () => {
  const { customer, agent, conversation, id } = await threatened();
  const asked = await decideReport(moderator, id, { decision: "ban", of: "account" });
  const { hash, id: request } = asked.body.request;
  const socket = await RelaySocket.open(server, customer);
  expect(await socket.post(messageTo(conversation, [agent]))).toHaveProperty("seq");
  const path = `/v1/approvals/${request}/approval`;
  const own = await moderator.request("POST", path, { body: { hash } });
  expect(outcome(own)).toEqual([403, "own_approval"]);
  const supervisor = await staffDevice(server, "supervisor");
  const approved = await supervisor.request("POST", path, { body: { hash } });
  expect(outcome(approved)).toEqual([403, "forbidden"]);
  const second = await staffDevice(server, "moderator");
  const waiting = (await second.request("GET", "/v1/approvals")).body.approvals as { id: string }[];
  expect(waiting.map((each) => each.id)).toContain(request);
  expect((await second.request("POST", path, { body: { hash } })).body).toMatchObject({
    waitsFor: 0,
  });
  expect(await socket.post(messageTo(conversation, [agent]))).toMatchObject({ code: "sanctioned" });
  await expect(createConversation(customer, [agent])).rejects.toThrow(/sanctioned/);
  await socket.close();
  const shown = await moderator.request("GET", `/v1/reports/${id}`);
  expect(shown.body).toMatchObject({
    decision: "ban",
    decidedBy: moderator.user,
    sanctionUntilMs: null,
  });
  const actions = (await server.auditEntries()).map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(["report.request_ban", "report.approve_ban"]));
});

test("a ban of a device leaves the account's others alone, and a refused ban does nothing", async () => {
  const { customer, agent, conversation, id } = await threatened();
  const refused = await decideReport(moderator, id, { decision: "ban", of: "account" });
  const second = await staffDevice(server, "moderator");
  const path = `/v1/approvals/${refused.body.request.id}/refusal`;
  expect((await second.request("POST", path)).status).toBe(204);
  const socket = await RelaySocket.open(server, customer);
  expect(await socket.post(messageTo(conversation, [agent]))).toHaveProperty("seq");
  expect((await ban(server, id, { of: "device", hours: 24 })).status).toBe(200);
  expect(await socket.post(messageTo(conversation, [agent]))).toMatchObject({ code: "sanctioned" });
  await socket.close();
  const { rows } = await server.database.owner.query<object>(
    "select device, kind, (until_ms - from_ms)::int4 as ms from sealdesk.sanctions where report = $1",
    [id],
  );
  expect(rows).toEqual([{ device: customer.id, kind: "ban", ms: 86_400_000 }]);
});

test("supervisors see numbers alone", async () => {
  await reportedMessage(server);
  const supervisor = await staffDevice(server, "supervisor");
  const { body } = await supervisor.request("GET", "/v1/report-counts");
  expect(body).toEqual({
    open: expect.any(Number),
    decided: expect.any(Object),
    oldestOpenAtMs: expect.any(Number),
  });
  const agent = await staffDevice(server);
  expect(outcome(await agent.request("GET", "/v1/report-counts"))).toEqual([403, "forbidden"]);
});
