/** Whoever changes the members without being one is certified, by the event itself and for that time. */
import type { Fetch } from "../../client/index.ts";
import { generateSigningKey, ready, sign } from "../../crypto/device/sodium.ts";
import type { Control } from "../../crypto/wire/frame.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import {
  decodeStaffCertificate,
  encodeStaffCertificate,
  staffCertificateBytes,
} from "../../crypto/wire/staff-certificate.ts";
import { addMember, creationBody, headOf, removeMember } from "../support/acts.ts";
import { customerDevice, staffDevice } from "../support/device.ts";
import {
  closeAll,
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { fetchChanging } from "../support/shown-log.ts";
import { showing, startTamperingRelay, type TamperingRelay } from "../support/tampering-relay.ts";
import { until } from "../support/until.ts";

let server: TestServer;
let relay: TamperingRelay;
beforeAll(async () => {
  await ready;
  server = await startTestServer();
  relay = await startTamperingRelay(server);
});
afterAll(async () => {
  await relay.close();
  await server.close();
});
afterEach(() => {
  relay.tamper = (frame) => [frame];
});

/** Shows the event `seq` as `change` says. */
function show(seq: number, change: (control: Control) => Partial<Control>): void {
  relay.tamper = showing((event) => event.seq === seq, change);
}

/** The certificate of an event, as a key of the relay's signs it with these changes. */
function forged({ staffCertificate }: Control, changes: object = {}): Partial<Control> {
  const certificate = decodeStaffCertificate(staffCertificate!.text);
  const text = encodeStaffCertificate({ ...certificate, ...changes });
  const signature = sign(staffCertificateBytes(text), generateSigningKey().privateKey);
  return { staffCertificate: { text, signature } };
}

test("a supervisor who is no member adds and removes, and an agent joins", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const [supervisor, joining] = [
    await staffDevice(server, "supervisor"),
    await staffDevice(server),
  ];
  expect((await removeMember(supervisor, asking.id, agent.sealdesk.user.id)).status).toBe(200);
  expect((await addMember(supervisor, asking.id, agent.sealdesk.user.id)).status).toBe(200);
  expect((await addMember(joining, asking.id, joining.user)).status).toBe(200);
  const items = await readUntil(asking, (all) => all.length === 4);
  expect(items.map(({ kind }) => kind)).toEqual([
    "created",
    "member_removed",
    "member_added",
    "member_added",
  ]);
  expect(asking.uncertified).toEqual([]);
  await closeAll(agent, customer);
});

test.each<[string, (control: Control) => Partial<Control>]>([
  ["no certificate", () => ({ staffCertificate: undefined })],
  ["a certificate of another authority", (control) => forged(control)],
  [
    "a certificate whose text was changed",
    ({ staffCertificate }) => ({
      staffCertificate: { ...staffCertificate!, text: staffCertificate!.text.with(20, 48) },
    }),
  ],
  ["no device", () => ({ signer: undefined })],
  [
    "a certificate of an account key that did not certify the device",
    ({ signer }) => ({
      signer: { ...signer!, accountKey: generateSigningKey().publicKey },
    }),
  ],
])("a removal by somebody who is no member with %s is malformed", async (_, change) => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server, { webSocket: relay.webSocket });
  show(2, change);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const supervisor = await staffDevice(server, "supervisor");
  await removeMember(supervisor, asking.id, agent.sealdesk.user.id);
  const items = await readUntil(asking, (all) => problemsOf(all).length > 0);
  expect(problemsOf(items)).toMatchObject([{ code: "malformed_event", seq: 2 }]);
  expect(asking.members.map(({ user }) => user)).toContain(agent.sealdesk.user.id);
  await closeAll(agent, customer);
});

test("the certificate of another supervisor does not count for the actor", async () => {
  const agent = await connectStaff(server);
  const other = await staffDevice(server, "supervisor");
  const { rows } = await server.database.owner.query(
    "select certificate as text, signature from sealdesk.staff_certificates where user_id = $1",
    [other.user],
  );
  const customer = await connectCustomer(server, { webSocket: relay.webSocket });
  show(2, () => ({ staffCertificate: rows[0] }));
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const supervisor = await staffDevice(server, "supervisor");
  await removeMember(supervisor, asking.id, agent.sealdesk.user.id);
  const items = await readUntil(asking, (all) => problemsOf(all).length > 0);
  expect(problemsOf(items)).toMatchObject([{ code: "malformed_event", seq: 2 }]);
  await closeAll(agent, customer);
});

test("an agent who is no member, and whom the relay calls a supervisor, removes nobody", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const raised = await staffDevice(server);
  const { owner } = server.database;
  await owner.query("update sealdesk.users set role = 'supervisor' where id = $1", [raised.user]);
  // The operator makes the server show the agent's certificate.
  await owner.query(
    "update sealdesk.staff_certificates set role = 'supervisor' where user_id = $1",
    [raised.user],
  );
  const reply = await removeMember(raised, asking.id, agent.sealdesk.user.id);
  expect(reply).toMatchObject({ status: 403, body: { code: "forbidden" } });
  await closeAll(agent, customer);
});

test("an act waits while the keys of the authority cannot be read, and then counts", async () => {
  const agent = await connectStaff(server);
  let refused = 0;
  const fetch: Fetch = async (url, init) => {
    if (!url.endsWith("/v1/key-log/authority") || refused >= 3) return globalThis.fetch(url, init);
    refused++;
    return new Response("{}", { status: 503 });
  };
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const again = await customer.restart({ runtime: { fetch } });
  const conversation = again.sealdesk.conversation(asking.id)!;
  const supervisor = await staffDevice(server, "supervisor");
  await removeMember(supervisor, asking.id, agent.sealdesk.user.id);
  const items = await readUntil(conversation, (all) => all.length === 2);
  expect(items[1]).toMatchObject({ kind: "member_removed", seq: 2 });
  expect(refused).toBe(3);
  await closeAll(agent, again);
});

/** A server that shows no certificate of a user. */
const withholding = (user: UserId): Fetch =>
  fetchChanging((path, body) =>
    path === `/v1/users/${user}/devices` ? { ...(body as object), staffCertificate: null } : body,
  );

test("a member whose certificate the relay withholds, in the event too, changes no members", async () => {
  const [agent, colleague] = [await connectStaff(server), await connectStaff(server)];
  const { id } = agent.sealdesk.user;
  const shown = { webSocket: relay.webSocket, runtime: { fetch: withholding(id) } };
  const customer = await connectCustomer(server, shown);
  show(2, () => ({ staffCertificate: undefined }));
  const asking = await customer.sealdesk.openConversation({ with: [id] });
  await (await joined(agent, asking.id)).addMember(colleague.sealdesk.user.id);
  const items = await readUntil(asking, (all) => problemsOf(all).length === 2);
  expect(problemsOf(items)[1]).toMatchObject({ code: "malformed_event", seq: 2 });
  expect(asking.members.map(({ user }) => user)).not.toContain(colleague.sealdesk.user.id);
  await expect(asking.send("x")).rejects.toMatchObject({ code: "membership_unverified" });
  await closeAll(agent, colleague, customer);
});

test("a member whose certificate the relay withholds changes the members with the event's own", async () => {
  const [agent, colleague] = [await connectStaff(server), await connectStaff(server)];
  const { id } = agent.sealdesk.user;
  const customer = await connectCustomer(server, { runtime: { fetch: withholding(id) } });
  const asking = await customer.sealdesk.openConversation({ with: [id] });
  expect(asking.uncertified).toEqual([id]);
  await (await joined(agent, asking.id)).addMember(colleague.sealdesk.user.id);
  await until(() => asking.members.length === 3);
  expect(asking.uncertified).toEqual([]);
  await closeAll(agent, colleague, customer);
});

test("the server lets nobody change the members whom the authority does not certify yet", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const supervisor = await staffDevice(server, "supervisor");
  await server.database.owner.query("delete from sealdesk.staff_certificates where user_id = $1", [
    supervisor.user,
  ]);
  const refused = await removeMember(supervisor, asking.id, agent.sealdesk.user.id);
  expect(refused).toMatchObject({ status: 503, body: { code: "staff_not_certified" } });
  await closeAll(agent, customer);
});

test("the server refuses an act that was signed more than a day before the last event, as devices do", async () => {
  const own = await startTestServer();
  const [agent, supervisor] = [await staffDevice(own), await staffDevice(own, "supervisor")];
  // The server's clock is wrong when the conversation begins.
  own.clock.offsetMs = 2 * 86_400_000;
  const customer = await customerDevice(own);
  const body = await creationBody(customer, [agent.user]);
  expect((await customer.request("POST", "/v1/conversations", { body })).status).toBe(201);
  own.clock.offsetMs = 0;
  const refused = await removeMember(supervisor, body.id, agent.user);
  expect(refused).toMatchObject({ status: 400, body: { code: "invalid_record" } });
  expect((await headOf(own, body.id)).after.seq).toBe(1);
  await own.close();
});
