import { decodeCertificate } from "../../audit/verify/certificate/certificate.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { actBy, headOf, postAct } from "../support/acts.ts";
import { staffDevice } from "../support/device.ts";
import { certificateOf, certificatesOf, erase, reached } from "../support/erasures.ts";
import {
  closeAll,
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
} from "../support/member.ts";
import { purgeEvents } from "../support/purged-events.ts";
import { consentToSharing, putNoticeInForce } from "../support/notices.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  // The certificate of an erasure waits longer for devices than any test.
  server = await startTestServer({}, { deviceAnswersMs: 3_600_000 });
  await putNoticeInForce(server);
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

test("a device that was away while the members changed knows them after a purge, and reads and writes", async () => {
  const customer = await connectCustomer(server);
  let agent = await connectStaff(server);
  const colleague = await connectStaff(server);
  const newcomer = await connectStaff(server);
  const talk = await customer.sealdesk.openConversation({
    with: [agent.sealdesk.user.id, colleague.sealdesk.user.id],
  });
  await joined(agent, talk.id);
  const theirs = await joined(colleague, talk.id);
  await agent.sealdesk.close();
  await talk.send("before the change");
  await theirs.addMember(newcomer.sealdesk.user.id);
  for (const text of ["one", "two", "three"]) await talk.send(text);
  await purgeEvents(server.database);

  agent = await agent.restart();
  const serving = await joined(agent, talk.id);
  await theirs.send("welcome back");
  await serving.send("here I am");
  const items = await readUntil(serving, (all) => textsOf(all).includes("here I am"));
  expect(items.map(({ kind, seq }) => [kind, seq])).toEqual([
    ["created", 1],
    ["gap", 2],
    ["member_added", 3],
    ["gap", 5],
    ["problem", 6],
    ["message", 7],
    ["message", 8],
  ]);
  // The customer's key came with a message that is gone.
  expect(problemsOf(items)).toMatchObject([{ seq: 6, code: "no_key" }]);
  const all = [agent, customer, colleague, newcomer];
  await Promise.all(all.map(({ sealdesk }) => sealdesk.close()));
});

test("a receipt that names a place before the last consent stays stale after a purge", async () => {
  const [customer, agent] = [await connectCustomer(server), await connectStaff(server)];
  const supervisor = await staffDevice(server, "supervisor");
  const { id: user } = agent.sealdesk.user;
  const talk = await customer.sealdesk.openConversation({ with: [user] });
  const { after } = await headOf(server, talk.id);
  await consentToSharing(customer, talk.id);
  await talk.send("one");
  await purgeEvents(server.database);
  const removal = await actBy(supervisor, talk.id, "member_removed", user);
  const kind = "member_removed" as const;
  const refused = await postAct(supervisor, { ...removal, kind, after });
  expect(refused).toMatchObject({ status: 409, body: { code: "stale_record" } });
  expect(await postAct(supervisor, { ...removal, kind })).toMatchObject({ status: 200 });
  await Promise.all([agent, customer].map(({ sealdesk }) => sealdesk.close()));
});

test("a device is shown who left while events were purged", async () => {
  const customer = await connectCustomer(server);
  let agent = await connectStaff(server);
  const colleague = await connectStaff(server);
  const talk = await customer.sealdesk.openConversation({
    with: [agent.sealdesk.user.id, colleague.sealdesk.user.id],
  });
  await joined(agent, talk.id);
  const theirs = await joined(colleague, talk.id);
  await agent.sealdesk.close();
  await theirs.removeMember(colleague.sealdesk.user.id);
  await readUntil(talk, (all) => all.some(({ kind }) => kind === "member_removed"));
  await consentToSharing(customer, talk.id);
  await server.database.owner.query(
    "delete from sealdesk.events where conversation = $1 and seq = 2",
    [talk.id],
  );

  agent = await agent.restart();
  const items = await readUntil(await joined(agent, talk.id), (all) =>
    all.some(({ kind }) => kind === "consent_changed"),
  );
  expect(items.slice(1)).toMatchObject([
    { kind: "gap", seq: 2 },
    {
      kind: "departed_unseen",
      seq: 3,
      members: [{ user: colleague.sealdesk.user.id, devices: [colleague.sealdesk.device] }],
    },
    { kind: "consent_changed", seq: 3 },
  ]);
  await Promise.all([agent, customer, colleague].map(({ sealdesk }) => sealdesk.close()));
});

test("a member's device removes its copies of what was erased, and the certificate names who did (R37)", async () => {
  const customer = await connectCustomer(server);
  const agent = await connectStaff(server);
  let colleague = await connectStaff(server);
  const asking = await customer.sealdesk.openConversation({
    with: [agent.sealdesk.user.id, colleague.sealdesk.user.id],
  });
  await asking.send("who I am");
  for (const each of [agent, colleague])
    await readUntil(await joined(each, asking.id), (items) => textsOf(items).length === 1);
  await colleague.sealdesk.close();
  const erased: object[] = [];
  agent.sealdesk.on("erased", (event) => erased.push(event));
  const { database } = server;
  const erasure = await erase(database, server.tenant.id, customer.sealdesk.user.id);
  await answersOf(erasure, 1);
  expect(erased).toEqual([{ conversation: asking.id, messages: 1 }]);
  const items = await readUntil(await joined(agent, asking.id), (all) => all.length > 0);
  expect(textsOf(items)).toEqual([]);
  expect(problemsOf(items)).toEqual([]);

  // The time for the one that is off is over.
  await database.owner.query("update sealdesk.cases set wake_at_ms = 0 where id = $1", [erasure]);
  await reached(database, erasure, "certified");
  const certificates = async () =>
    (await certificatesOf(database, erasure)).map((file) => {
      const { devices, stores } = decodeCertificate(file);
      const answers = devices.map(({ device, acknowledgedAtMs }) => [
        device,
        acknowledgedAtMs !== null,
      ]);
      return { answers: Object.fromEntries(answers), stores: stores.map(({ store }) => store) };
    });
  const [{ device: here }, { device: away }] = [agent.sealdesk, colleague.sealdesk];
  const first = { answers: { [here]: true, [away]: false } };
  expect(await certificates()).toEqual([
    { ...first, stores: expect.not.arrayContaining(["devices"]) as string[] },
  ]);

  // Its answer comes when it is on again, and brings another certificate.
  colleague = await colleague.restart();
  await answersOf(erasure, 2);
  expect(await certificates()).toMatchObject([
    first,
    {
      answers: { [here]: true, [away]: true },
      stores: expect.arrayContaining(["devices"]) as string[],
    },
  ]);
  await closeAll(agent, colleague, customer);
});

test("the certificate of an erasure waits no longer than for the last device", async () => {
  const customer = await connectCustomer(server);
  const agent = await connectStaff(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await asking.send("who I am");
  await joined(agent, asking.id);
  const { database } = server;
  const erasure = await erase(database, server.tenant.id, customer.sealdesk.user.id);
  await reached(database, erasure, "certified");
  const { devices } = decodeCertificate(await certificateOf(database, erasure));
  expect(devices).toEqual([
    expect.objectContaining({
      device: agent.sealdesk.device,
      user: agent.sealdesk.user.id,
      acknowledgedAtMs: expect.any(Number) as number,
    }),
  ]);
  await closeAll(agent, customer);
});

/** Waits until so many devices have answered an erasure. */
const answersOf = (erasure: CaseId, count: number): Promise<void> =>
  until(async () => {
    const { rowCount } = await server.database.owner.query(
      "select from sealdesk.erasure_notices where case_id = $1 and acknowledged_at_ms is not null",
      [erasure],
    );
    return rowCount === count;
  });
