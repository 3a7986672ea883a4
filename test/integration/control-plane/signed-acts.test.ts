/** The server takes no act on the members that its device did not sign for the present head. */
import { randomBytes } from "node:crypto";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { ConsentRecord } from "../../../crypto/wire/consent-record.ts";
import type { ConversationId, DeviceId, TenantId } from "../../../crypto/wire/ids.ts";
import type { MembershipReceipt } from "../../../crypto/wire/receipt.ts";
import { actBy, addMember, headOf, postAct, removeMember, signed } from "../../support/acts.ts";
import { customerDevice, staffDevice, type Reply, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { putNoticeInForce } from "../../support/notices.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { consentBody, consentRecord } from "./history-requests.ts";

let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let colleague: TestDevice;
let id: ConversationId;
beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
  customer = await customerDevice(server);
  agent = await staffDevice(server, "supervisor");
  colleague = await staffDevice(server);
});
beforeEach(async () => {
  id = await createConversation(customer, [agent]);
});
afterAll(() => server.close());

const outcome = ({ status, body }: Reply) => [status, body.code];
const kind = "member_added" as const;
const addition = () => actBy(agent, id, kind, colleague.user);

test.each<[string, () => Partial<MembershipReceipt>, string]>([
  ["another tenant", () => ({ tenant: newId<TenantId>() }), "invalid_record"],
  ["another conversation", () => ({ conversation: newId<ConversationId>() }), "invalid_record"],
  ["another kind of act", () => ({ kind: "closed" }), "invalid_record"],
  ["another actor", () => ({ actor: customer.user }), "invalid_record"],
  ["another device", () => ({ actorDevice: newId<DeviceId>() }), "invalid_record"],
  ["other members", () => ({ members: randomBytes(32) }), "stale_record"],
  ["another epoch", () => ({ epoch: 7 }), "stale_record"],
  ["another log", () => ({ after: { seq: 1, hash: randomBytes(32) } }), "stale_record"],
  ["the time before the log", () => ({ after: { seq: 0, hash: zeroHash } }), "stale_record"],
  ["an event to come", () => ({ after: { seq: 2, hash: randomBytes(32) } }), "stale_record"],
])("a receipt for %s is refused", async (_what, changes, code) => {
  const receipt = { ...(await addition()), ...changes() };
  const body = signed(agent, receipt);
  const reply = await agent.request("POST", `/v1/conversations/${id}/members`, { body });
  expect(outcome(reply)).toEqual([code === "stale_record" ? 409 : 400, code]);
  expect((await headOf(server, id)).after.seq).toBe(1);
});

test("a receipt that another device signed is refused", async () => {
  const reply = await postAct(agent, { ...(await addition()), kind }, customer);
  expect(outcome(reply)).toEqual([400, "invalid_signature"]);
});

test("an addition counts once, and not again after the removal", async () => {
  const receipt = { ...(await addition()), kind };
  expect((await postAct(agent, receipt)).status).toBe(200);
  expect((await removeMember(agent, id, colleague.user)).status).toBe(200);
  expect(outcome(await postAct(agent, receipt))).toEqual([409, "stale_record"]);
});

test("a consent counts once, and not again after its withdrawal", async () => {
  const say = (body: object) => customer.request("POST", "/v1/consents", { body });
  const next = (state: ConsentRecord["state"]) => consentRecord(customer, id, state);
  const given = await next("given");
  const first = await consentBody(customer, given);
  expect((await say(first)).status).toBe(200);
  const same = await consentBody(customer, await next("given"));
  expect(outcome(await say(same))).toEqual([403, "forbidden"]);
  expect((await say(await consentBody(customer, await next("withdrawn")))).status).toBe(200);
  // The very same is answered as the first time. Under another id, its place in the chain is taken.
  expect((await say(first)).body).toMatchObject({ number: 1, seq: 2 });
  const again = await consentBody(customer, { ...given, id: newId() });
  expect(outcome(await say(again))).toEqual([409, "stale_consents"]);
  // A new record in an old place of the conversation.
  const late = await consentBody(customer, await next("given"));
  expect(outcome(await say({ ...late, placed: first.placed }))).toEqual([400, "invalid_record"]);
});

test("messages may come between the head that was signed and the act", async () => {
  const receipt = { ...(await addition()), kind };
  const socket = await RelaySocket.open(server, customer);
  for (let turn = 0; turn < 3; turn++) await socket.post(messageTo(id, [agent]));
  await socket.close();
  expect((await postAct(agent, receipt)).body).toMatchObject({ epoch: 2, seq: 5 });
});

test("a new device of the newcomer makes a receipt stale, and the next one counts", async () => {
  const receipt = { ...(await addition()), kind };
  await server.database.owner.query(
    `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key, identity_key,
       receipt_key, certificate, created_at_ms)
     select $2, tenant, user_id, 1, $3, identity_key, receipt_key, certificate, 0
     from sealdesk.devices where id = $1`,
    [colleague.id, newId<DeviceId>(), randomBytes(32)],
  );
  expect(outcome(await postAct(agent, receipt))).toEqual([409, "stale_record"]);
  expect((await addMember(agent, id, colleague.user)).status).toBe(200);
});

test("an act of a member's device that the conversation does not list is refused for good", async () => {
  const receipts = [
    { ...(await actBy(agent, id, "closed")), kind: "closed" as const },
    { ...(await addition()), kind },
  ];
  const body = await consentBody(customer, await consentRecord(customer, id, "given"));
  await server.database.owner.query(
    "update sealdesk.member_devices set until_seq = 1 where conversation = $1",
    [id],
  );
  for (const receipt of receipts)
    expect(outcome(await postAct(agent, receipt))).toEqual([403, "not_a_member"]);
  const reply = await customer.request("POST", "/v1/consents", { body });
  expect(outcome(reply)).toEqual([403, "not_a_member"]);
});
