/** Who may show a conversation's past to whom, as the server decides it; every refusal is audited. */
import { randomBytes } from "node:crypto";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { ConsentRecord } from "../../../crypto/wire/consent-record.ts";
import { encodeReceipt, type HistoryGrant } from "../../../crypto/wire/receipt.ts";
import type {
  DeviceId,
  ConversationId,
  AttachmentId,
  ConsentId,
} from "../../../crypto/wire/ids.ts";
import { staffDevice, type Reply, type TestDevice } from "../../support/device.ts";
import {
  arrange,
  base64url,
  consentBody,
  consentRecord,
  grantBy,
  postGrant,
} from "./history-requests.ts";
import { addMember, closeConversation, removeMember, signed } from "../../support/acts.ts";
import { putNoticeInForce } from "../../support/notices.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { send } from "../attachments/device-requests.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
});
afterAll(() => server.close());

const outcome = ({ status, body }: Reply) => [status, body.code];

/** The reasons of the last refusal that was audited. */
async function lastReasons(): Promise<unknown> {
  const entries = await server.auditEntries();
  const last = entries.findLast(({ outcome: result }) => result === "refused");
  return [last?.["action"], (last?.["decision"] as { reasons: unknown } | undefined)?.reasons];
}

test("the customer's grant is an event, an audit entry, and readable by its device alone", async () => {
  const arranged = await arrange(server);
  const { customer, agent, colleague, path, id } = arranged;
  const grant = await grantBy(server, arranged, customer, { fromSeq: 2 });
  const first = await postGrant(arranged, customer, grant);
  expect([first.status, first.body]).toEqual([200, { epoch: 2, seq: 5 }]);
  // The answer may be lost: the same again is the same grant.
  expect((await postGrant(arranged, customer, grant)).body).toEqual({ epoch: 2, seq: 5 });
  const other = await postGrant(arranged, customer, { ...grant, atMs: 2 });
  expect(outcome(other)).toEqual([409, "record_exists"]);

  const entries = await server.auditEntries();
  expect(entries.filter(({ action }) => action === "history.grant")).toMatchObject([
    {
      outcome: "success",
      subject: colleague.user,
      details: { grant: grant.id, fromSeq: 2, toSeq: 3, purpose: "hand_over", seq: 5 },
      decision: { allowed: true, reasons: ["own_conversation"] },
    },
    { outcome: "refused", reason: "record_exists" },
  ]);

  const links = `${path}/history-grants/${grant.id}/links?until=4`;
  const read = await colleague.request("GET", links);
  expect(read.body.links.map((link: { seq: number }) => link.seq)).toEqual([1, 2, 3, 4]);
  // The newcomer reads who the members were at the beginning of the range. Who joined after the range is
  // for the log's hashes to bind.
  expect(read.body.links.map((link: { control: string | null }) => link.control)).toEqual([
    expect.any(String),
    null,
    null,
    null,
  ]);
  expect(read.body.previousHash).toBe(base64url(zeroHash));
  expect(outcome(await agent.request("GET", links))).toEqual([404, "grant_not_found"]);
  const attachment = grant.packs[0]!.attachment;
  const download = (by: TestDevice) => send(server, by, "GET", `/v1/attachments/${attachment}`);
  expect((await download(colleague)).status).toBe(200);
  expect((await download(agent)).status).toBe(403);

  // Who is no member any more gets nothing of it any more.
  const gone = await removeMember(agent, id, colleague.user);
  expect(gone.status).toBe(403);
  await removeMember(colleague, id, colleague.user);
  // The grantor who never heard of it is told where the grant stands all the same.
  expect((await postGrant(arranged, customer, grant)).body).toMatchObject({ seq: 5 });
  expect((await download(colleague)).status).toBe(403);
  expect(outcome(await colleague.request("GET", links))).toEqual([403, "forbidden"]);
});

test("events that are gone are no links, nor are those before them", async () => {
  const arranged = await arrange(server);
  const { customer, colleague, path, id } = arranged;
  const grant = await grantBy(server, arranged, customer, { fromSeq: 3 });
  expect((await postGrant(arranged, customer, grant)).status).toBe(200);
  await server.database.owner.query(
    "delete from sealdesk.events where conversation = $1 and seq = 2",
    [id],
  );
  const seqsUntil = async (until: number) => {
    const links = `${path}/history-grants/${grant.id}/links?until=${until}`;
    const { body } = await colleague.request("GET", links);
    return body.links.map(({ seq }: { seq: number }) => seq);
  };
  expect(await seqsUntil(4)).toEqual([3, 4]);
  expect(await seqsUntil(2)).toEqual([]);
  expect(await seqsUntil(1)).toEqual([1]);
});

test("a grant of messages that the account has not seen, or to a non-member, is refused", async () => {
  const arranged = await arrange(server);
  const { customer, agent, colleague } = arranged;
  const onward = await staffDevice(server);
  await addMember(agent, arranged.id, onward.user);
  await server.database.owner.query("update sealdesk.tenants set staff_history_grants = true");
  const to = { recipient: onward.user, recipientDevices: [onward.id] };
  // The colleague saw event 4 first.
  const unseen = await grantBy(server, arranged, colleague, { ...to, fromSeq: 3, toSeq: 4 });
  expect(outcome(await postGrant(arranged, colleague, unseen))).toEqual([403, "forbidden"]);
  expect(await lastReasons()).toEqual([
    "history.grant",
    ["range_not_visible", "no_consent", "role_agent"],
  ]);
  const future = await grantBy(server, arranged, customer, { toSeq: 99 });
  expect(outcome(await postGrant(arranged, customer, future))).toEqual([403, "forbidden"]);
  const stranger = await staffDevice(server);
  const outside = { recipient: stranger.user, recipientDevices: [stranger.id] };
  const away = await grantBy(server, arranged, customer, outside);
  expect(outcome(await postGrant(arranged, customer, away))).toEqual([403, "forbidden"]);
  expect(await lastReasons()).toEqual([
    "history.grant",
    ["recipient_not_a_member", "role_customer"],
  ]);
  const uninvited = await grantBy(server, arranged, stranger, {
    packs: [{ attachment: newId<AttachmentId>(), digest: randomBytes(32) }],
  });
  expect(outcome(await postGrant(arranged, stranger, uninvited))).toEqual([403, "forbidden"]);
});

test("a grant in another tenant's conversation is refused as if it did not exist", async () => {
  const arranged = await arrange(server);
  const elsewhere = await staffDevice(server, "supervisor", await server.createTenant());
  const packs = [{ attachment: newId<AttachmentId>(), digest: randomBytes(32) }];
  const own = await grantBy(server, arranged, elsewhere, { packs });
  expect(outcome(await postGrant(arranged, elsewhere, own))).toEqual([
    404,
    "conversation_not_found",
  ]);
  const foreign = await grantBy(server, arranged, elsewhere, { packs, tenant: server.tenant.id });
  expect(outcome(await postGrant(arranged, elsewhere, foreign))).toEqual([400, "invalid_record"]);
  const links = `${arranged.path}/history-grants/${own.id}/links?until=4`;
  expect(outcome(await elsewhere.request("GET", links))).toEqual([404, "conversation_not_found"]);
});

test("a closed conversation's past is not shown", async () => {
  const arranged = await arrange(server);
  const { customer } = arranged;
  const grant = await grantBy(server, arranged, customer);
  await closeConversation(customer, arranged.id);
  expect(outcome(await postGrant(arranged, customer, grant))).toEqual([403, "forbidden"]);
  expect(await lastReasons()).toEqual(["history.grant", ["conversation_closed", "role_customer"]]);
});

test("a record that does not match the act is refused", async () => {
  const arranged = await arrange(server);
  const { customer, agent, colleague } = arranged;
  const good = await grantBy(server, arranged, customer);
  const as = (changes: Partial<HistoryGrant>, also: object = {}) =>
    postGrant(arranged, customer, { ...good, ...changes }, also);
  const invalid = [400, "invalid_record"];
  expect(outcome(await as({ grantor: agent.user }))).toEqual(invalid);
  expect(outcome(await as({ grantorDevice: agent.id }))).toEqual(invalid);
  expect(outcome(await as({ conversation: newId<ConversationId>() }))).toEqual(invalid);
  expect(outcome(await as({ toHash: randomBytes(32) }))).toEqual(invalid);
  const [named] = good.packs;
  const packs = [{ attachment: named!.attachment, digest: randomBytes(32) }];
  expect(outcome(await as({ packs }))).toEqual(invalid);
  expect(outcome(await as({ packs: [named!, named!] }))).toEqual(invalid);
  const unknown = [{ attachment: newId<AttachmentId>(), digest: randomBytes(32) }];
  expect(outcome(await as({ packs: unknown }))).toEqual([404, "attachment_not_found"]);
  const text = base64url(Buffer.from(`${Buffer.from(encodeReceipt(good)).toString()} `));
  expect(outcome(await as({}, { receipt: text }))).toEqual(invalid);
  expect(outcome(await as({}, signed(customer, good, agent)))).toEqual([400, "invalid_signature"]);
  // The keys go to the recipient's devices, to each of them, and to no other.
  const mismatch = [409, "device_mismatch"];
  const packet = (device: DeviceId) => ({ device, bytes: base64url(randomBytes(40)) });
  expect(outcome(await as({}, { packets: [packet(agent.id)] }))).toEqual(mismatch);
  const both = [packet(colleague.id), packet(agent.id)];
  expect(outcome(await as({}, { packets: both }))).toEqual(mismatch);
  expect(outcome(await as({ recipientDevices: [agent.id] }))).toEqual(mismatch);
  expect((await as({})).status).toBe(200);
});

test("consent is the customer's own and signed, and the latest statement counts", async () => {
  const arranged = await arrange(server);
  const { customer, agent, id } = arranged;
  await server.database.owner.query("update sealdesk.tenants set staff_history_grants = true");
  const recordBy = (by: TestDevice, state: ConsentRecord["state"]) => consentRecord(by, id, state);
  const say = async (by: TestDevice, record: ConsentRecord, signer = by) =>
    by.request("POST", "/v1/consents", { body: await consentBody(by, record, signer) });
  expect(outcome(await say(agent, await recordBy(agent, "given")))).toEqual([403, "forbidden"]);
  const given = await recordBy(customer, "given");
  expect(outcome(await say(customer, given, agent))).toEqual([400, "invalid_signature"]);
  expect(outcome(await say(customer, await recordBy(agent, "given")))).toEqual([
    400,
    "invalid_record",
  ]);
  expect((await say(customer, given)).body).toEqual({ number: 1, seq: 5 });

  const grant = (consent: ConsentId) => grantBy(server, arranged, agent, { consent });
  const other = await postGrant(arranged, agent, await grant(newId()));
  expect(outcome(other)).toEqual([403, "forbidden"]);
  expect((await postGrant(arranged, agent, await grant(given.id))).status).toBe(200);
  expect((await say(customer, await recordBy(customer, "withdrawn"))).status).toBe(200);
  const after = await postGrant(arranged, agent, await grant(given.id));
  expect(outcome(after)).toEqual([403, "forbidden"]);
  const actions = (await server.auditEntries()).map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(["consent.given", "consent.withdrawn"]));
});
