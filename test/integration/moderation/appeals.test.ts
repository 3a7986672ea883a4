import { staffDevice, type TestDevice } from "../../support/device.ts";
import { messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { appeal, ban, decideAppeal, decideReport, reportedMessage } from "../../support/reports.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let moderator: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  moderator = await staffDevice(server, "moderator");
});
afterAll(() => server.close());

const outcome = ({ status, body }: { readonly status: number; readonly body: { code?: string } }) =>
  [status, body.code] as const;
const own = async (device: TestDevice) =>
  (await device.request("GET", "/v1/report-decisions")).body.decisions as object[];

test("the reported person is told of a decision, and not who reported what", async () => {
  const { agent, customer, id } = await reportedMessage(server);
  expect(await own(agent)).toEqual([]);
  await decideReport(moderator, id, { decision: "mute", hours: 5 });
  expect(await own(agent)).toEqual([
    {
      id,
      decision: "mute",
      decidedAtMs: expect.any(Number),
      sanctionUntilMs: expect.any(Number),
      appealedAtMs: null,
      appealOutcome: null,
    },
  ]);
  expect(JSON.stringify(await own(agent))).not.toContain(customer.user);
  expect(await own(customer)).toEqual([]);
  const dismissed = await reportedMessage(server);
  await decideReport(moderator, dismissed.id, { decision: "dismiss" });
  expect(await own(dismissed.agent)).toEqual([]);
  expect(outcome(await appeal(dismissed.agent, dismissed.id))).toEqual([404, "report_not_found"]);
});

test("another moderator lifts a ban on appeal, and it ends at once", async () => {
  const { agent, customer, conversation, id } = await reportedMessage(server);
  expect((await ban(server, id)).status).toBe(200);
  const socket = await RelaySocket.open(server, agent);
  const message = () => socket.post(messageTo(conversation, [customer]));
  expect(await message()).toMatchObject({ code: "sanctioned" });
  expect(outcome(await appeal(customer, id))).toEqual([404, "report_not_found"]);
  expect((await appeal(agent, id)).status).toBe(204);
  expect(outcome(await appeal(agent, id))).toEqual([409, "appeal_not_possible"]);
  const waiting = (await moderator.request("GET", "/v1/reports")).body.reports as { id: string }[];
  expect(waiting.map((each) => each.id)).toContain(id);
  expect((await decideAppeal(moderator, id, "lifted")).status).toBe(204);
  expect(await message()).toHaveProperty("seq");
  expect(outcome(await decideAppeal(moderator, id, "upheld"))).toEqual([409, "appeal_not_found"]);
  expect(await own(agent)).toMatchObject([{ decision: "ban", appealOutcome: "lifted" }]);
  await socket.close();
});

test("nobody who decided or approved decides about the appeal", async () => {
  const { agent, id } = await reportedMessage(server);
  const second = await staffDevice(server, "moderator");
  const asked = await decideReport(moderator, id, { decision: "ban", of: "account" });
  const { id: request, hash } = asked.body.request;
  await second.request("POST", `/v1/approvals/${request}/approval`, { body: { hash } });
  expect((await appeal(agent, id)).status).toBe(204);
  for (const judge of [moderator, second])
    expect(outcome(await decideAppeal(judge, id, "lifted"))).toEqual([403, "own_approval"]);
  const third = await staffDevice(server, "moderator");
  expect((await decideAppeal(third, id, "upheld")).status).toBe(204);
  expect(await own(agent)).toMatchObject([{ appealOutcome: "upheld", sanctionUntilMs: null }]);
  const actions = (await server.auditEntries()).map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(["report.appeal", "report.decide_appeal"]));
});

test("an appeal comes within six months, and strangers find nothing to decide about", async () => {
  const { agent, id } = await reportedMessage(server);
  await decideReport(moderator, id, { decision: "warn" });
  const another = await staffDevice(server, "moderator");
  expect(outcome(await decideAppeal(another, id, "lifted"))).toEqual([409, "appeal_not_found"]);
  await server.database.owner.query(
    "update sealdesk.report_decisions set decided_at_ms = 1 where report = $1",
    [id],
  );
  expect(outcome(await appeal(agent, id))).toEqual([409, "appeal_not_possible"]);
  const foreign = await staffDevice(server, "moderator", await server.createTenant());
  expect(outcome(await decideAppeal(foreign, id, "lifted"))).toEqual([404, "report_not_found"]);
  const supervisor = await staffDevice(server, "supervisor");
  expect(outcome(await decideAppeal(supervisor, id, "lifted"))).toEqual([403, "forbidden"]);
});
