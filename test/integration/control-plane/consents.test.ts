/** Who may give, read and prove consents, and when a withdrawal is in force. */
import { randomBytes } from "node:crypto";
import { parseNote } from "../../../audit/verify/note.ts";
import type { ConsentRecord, GivenConsent } from "../../../crypto/wire/consent-record.ts";
import { parseStatement } from "../../../crypto/wire/consent-statement.ts";
import type { ConsentId, ConversationId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { requireConsents, requiredByDefault } from "../../../identity/accounts/require-consents.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { addMember, creationBody, signed } from "../../support/acts.ts";
import { customerDevice, staffDevice, type Reply, type TestDevice } from "../../support/device.ts";
import { noticeTexts, putNoticeInForce } from "../../support/notices.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { viewBody } from "../security/consent-calls.ts";
import { arrange, base64url, consentBody, consentRecord, grantBy } from "./history-requests.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
});
afterAll(() => server.close());

const outcome = ({ status, body }: Reply) => [status, body?.code];

const post = async (by: TestDevice, given: ConsentRecord, signer?: TestDevice) =>
  by.request("POST", "/v1/consents", { body: await consentBody(by, given, signer) });

async function record(
  by: TestDevice,
  state: ConsentRecord["state"],
  place?: ConversationId,
  purpose?: ConsentRecord["purpose"],
) {
  const made = await consentRecord(by, place, state, purpose);
  expect(outcome(await post(by, made))).toEqual([200, undefined]);
  return made;
}

/** The requests of a device to another node of the server. */
const at = (url: string, by: TestDevice): Pick<TestDevice, "request"> => ({
  async request(method, path, { body }: { readonly body?: unknown } = {}) {
    const { token } = by;
    const response = await fetch(url + path, {
      method,
      headers: {
        dpop: by.proof(method, path, { token }),
        authorization: `DPoP ${token}`,
        "content-type": "application/json",
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  },
});

/** Asks a node whether the conversation's customer consents to the sharing of history now. */
async function isInForce(
  asks: Pick<TestDevice, "request">,
  conversation: ConversationId,
): Promise<boolean> {
  const nonce = base64url(randomBytes(32));
  const path = `/v1/conversations/${conversation}/consents/history_sharing?nonce=${nonce}`;
  const { body } = await asks.request("GET", path);
  return parseStatement(parseNote(body.statement).text).inForce;
}

test("a person reads and proves their own consents, an officer those of all, and nobody else any", async () => {
  const customer = await customerDevice(server);
  const { id } = await record(customer, "given");
  const list = `/v1/users/${customer.user}/consents`;
  const receipt = `/v1/consents/${id}/receipt`;
  const foreign = await server.createTenant();
  const people = {
    own: customer,
    officer: await staffDevice(server, "privacy_officer"),
    otherCustomer: await customerDevice(server),
    agent: await staffDevice(server),
    foreignOfficer: await staffDevice(server, "privacy_officer", foreign),
  };
  const answers: Record<string, unknown> = {};
  for (const [name, by] of Object.entries(people)) {
    const read = await by.request("GET", list);
    let proven = await by.request("GET", receipt);
    await until(async () => {
      proven = await by.request("GET", receipt);
      return proven.status !== 503;
    });
    answers[name] = [read.status, read.body.consents?.length, proven.status, proven.body.code];
  }
  expect(answers).toEqual({
    own: [200, 1, 200, undefined],
    officer: [200, 1, 200, undefined],
    otherCustomer: [403, undefined, 404, "consent_not_found"],
    agent: [403, undefined, 404, "consent_not_found"],
    foreignOfficer: [200, 0, 404, "consent_not_found"],
  });
});

test("nobody withdraws for somebody else, and no signature of another device counts", async () => {
  const [customer, other] = [await customerDevice(server), await customerDevice(server)];
  await record(customer, "given");
  const withdrawal = await consentRecord(customer, undefined, "withdrawn");
  const agent = await staffDevice(server);
  for (const by of [other, agent])
    expect(outcome(await post(by, withdrawal, customer))).toEqual([400, "invalid_record"]);
  expect(outcome(await post(customer, withdrawal, other))).toEqual([400, "invalid_signature"]);
  const own = await consentRecord(agent, undefined, "given");
  expect(outcome(await post(agent, own))).toEqual([403, "forbidden"]);
});

test("a consent that is sent again after its withdrawal changes nothing", async () => {
  const { customer, agent, id } = await arrange(server);
  const given = await record(customer, "given");
  expect(await isInForce(agent, id)).toBe(true);
  await record(customer, "withdrawn");
  expect(outcome(await post(customer, given))).toEqual([200, undefined]);
  expect(await isInForce(agent, id)).toBe(false);
  const again = { ...given, id: newId<ConsentId>() };
  expect(outcome(await post(customer, again))).toEqual([409, "stale_consents"]);
  const sameId = { ...(await consentRecord(customer, undefined, "given")), id: given.id };
  expect(outcome(await post(customer, sameId))).toEqual([409, "record_exists"]);
});

test("a consent names the notice in force, with the text that was published in its language", async () => {
  const customer = await customerDevice(server);
  const given = (await consentRecord(customer, undefined, "given")) as GivenConsent;
  const { notice } = given;
  const under = (changes: Partial<GivenConsent["notice"]>) =>
    post(customer, { ...given, notice: { ...notice, ...changes } });
  const language = noticeTexts.find((each) => each.language !== notice.language)!.language;
  expect(outcome(await under({ language }))).toEqual([400, "invalid_record"]);
  expect(outcome(await under({ language: "fr" }))).toEqual([404, "notice_not_found"]);
  expect(outcome(await post(customer, { ...given, expiresAtMs: 2 }))).toEqual([
    400,
    "invalid_record",
  ]);
  await putNoticeInForce(server);
  expect(outcome(await under({}))).toEqual([409, "notice_superseded"]);
});

test("a withdrawal is in force on every node at once, and so is the fence of an erasure", async () => {
  const arranged = await arrange(server);
  const { customer, agent, id } = arranged;
  const { owner } = server.database;
  await owner.query("update sealdesk.tenants set staff_history_grants = true");
  const node = await server.startNode();
  const there = at(node.url, agent);
  const share = async ({ id: consent }: ConsentRecord) => {
    const grant = await grantBy(server, arranged, agent, { consent });
    const packets = [{ device: arranged.colleague.id, bytes: base64url(randomBytes(40)) }];
    const body = { ...signed(agent, grant), packets };
    return (await there.request("POST", `${arranged.path}/history-grants`, { body })).body.code;
  };
  try {
    expect(await isInForce(there, id)).toBe(false);
    const first = await record(customer, "given", id);
    expect([await isInForce(there, id), await share(first)]).toEqual([true, undefined]);
    await record(customer, "withdrawn", id);
    expect([await isInForce(there, id), await share(first)]).toEqual([false, "forbidden"]);
    const second = await record(customer, "given");
    expect([await isInForce(there, id), await share(second)]).toEqual([true, undefined]);
    await owner.query("update sealdesk.users set fenced_at_ms = 1 where id = $1", [customer.user]);
    expect(await isInForce(there, id)).toBe(false);
  } finally {
    await node.close();
  }
});

test("an archiver becomes a member with the customer's consent, and not without it", async () => {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  const archiver = await staffDevice(server, "archiver");
  const begin = async () => {
    const body = await creationBody(customer, [agent.user, archiver.user]);
    return outcome(await customer.request("POST", "/v1/conversations", { body }));
  };
  const place = await createConversation(customer, [agent]);
  const add = async () => outcome(await addMember(agent, place, archiver.user));
  expect([await begin(), await add()]).toEqual([
    [403, "consent_required"],
    [403, "consent_required"],
  ]);
  const explained = async () => {
    const about = [`conversation:${place}`, "--subject", archiver.user];
    const words = ["policy", "explain", "--tenant", server.tenant.slug, "--json"];
    const { out } = await runSealdesk(server, [...words, agent.user, "add_member", ...about]);
    return (JSON.parse(out) as { readonly decision: object }).decision;
  };
  expect(await explained()).toEqual({ allowed: false, reasons: ["no_archiving_consent"] });
  await record(customer, "given", place, "archiving");
  expect(await explained()).toMatchObject({ allowed: true });
  expect([await begin(), await add()]).toEqual([
    [403, "consent_required"],
    [200, undefined],
  ]);
  await record(customer, "given", undefined, "archiving");
  expect(await begin()).toEqual([201, undefined]);
  await record(customer, "withdrawn", undefined, "archiving");
  expect(await begin()).toEqual([403, "consent_required"]);

  const setting = { slug: server.tenant.slug, nowMs: Date.now() };
  await requireConsents(server.database.ownerUrl, { ...setting, purposes: ["history_sharing"] });
  expect(await begin()).toEqual([201, undefined]);
  await requireConsents(server.database.ownerUrl, { ...setting, purposes: requiredByDefault });
});

test("another lawful basis is a change, and so is a consent that gives back what a conversation withdrew", async () => {
  const customer = await customerDevice(server);
  const id = await createConversation(customer, [await staffDevice(server)]);
  const give = async (changes: Partial<GivenConsent> = {}) => {
    const made = { ...((await consentRecord(customer, undefined, "given")) as GivenConsent) };
    return outcome(await post(customer, { ...made, ...changes }));
  };
  expect(await give()).toEqual([200, undefined]);
  expect(await give()).toEqual([403, "forbidden"]);
  expect(await give({ lawfulBasis: "explicit_consent" })).toEqual([200, undefined]);
  expect(await give({ lawfulBasis: "explicit_consent" })).toEqual([403, "forbidden"]);
  await record(customer, "withdrawn", id);
  expect(await give({ lawfulBasis: "explicit_consent" })).toEqual([200, undefined]);
});

test("a grant names no consent but the one in force, also where the tenant demands none", async () => {
  const arranged = await arrange(server);
  const { customer, agent, colleague } = arranged;
  const { owner } = server.database;
  await owner.query("update sealdesk.tenants set staff_history_grants = true");
  const setting = { slug: server.tenant.slug, nowMs: Date.now() };
  await requireConsents(server.database.ownerUrl, { ...setting, purposes: [] });
  const share = async (consent: ConsentId | undefined) => {
    const grant = await grantBy(server, arranged, agent, { consent });
    const packets = [{ device: colleague.id, bytes: base64url(randomBytes(40)) }];
    const body = { ...signed(agent, grant), packets };
    return outcome(await agent.request("POST", `${arranged.path}/history-grants`, { body }))[1];
  };
  const { id } = await record(customer, "given");
  expect(await share(newId<ConsentId>())).toBe("forbidden");
  expect([await share(id), await share(undefined)]).toEqual([undefined, undefined]);
  await record(customer, "withdrawn");
  expect(await share(id)).toBe("forbidden");
  await requireConsents(server.database.ownerUrl, { ...setting, purposes: requiredByDefault });
});

test("an approved notice is stopped before it takes effect, and never takes effect then", async () => {
  const [ann, ben] = [
    await staffDevice(server, "privacy_officer"),
    await staffDevice(server, "compliance_officer"),
  ];
  const draft = async (beginsAtMs: number | null) => {
    const body = { controller: "Clinic", texts: noticeTexts, reason: "a test", beginsAtMs };
    const made = await ann.request("POST", "/v1/notices", { body });
    expect(made.status).toBe(201);
    return made.body as { version: number; approval: string; hash: string };
  };
  const approve = ({ approval, hash }: { approval: string; hash: string }) =>
    ben.request("POST", `/v1/approvals/${approval}/approval`, { body: { hash } });
  const stop = ({ approval }: { approval: string }) =>
    ben.request("DELETE", `/v1/approvals/${approval}`);
  const later = await draft(Date.now() + 86_400_000);
  expect((await approve(later)).status).toBeLessThan(300);
  expect(outcome(await stop(later))).toEqual([204, undefined]);
  const { body } = await ann.request("GET", "/v1/notices");
  const listed = body.notices.find(({ version }: { version: number }) => version === later.version);
  expect(listed).toMatchObject({ state: "closed", effectiveFromMs: null });
  expect(outcome(await stop(later))[1]).toBe("approval_used");
  // Its approval is used up, and the database takes it for none.
  const again = await inTransaction(server.database.pool, server.tenant.id, (client) =>
    client.query<{ at: number | null }>("select sealdesk.publish_notice($1) as at", [
      later.version,
    ]),
  );
  expect(again.rows).toEqual([{ at: null }]);
  const now = await draft(null);
  expect((await approve(now)).status).toBeLessThan(300);
  expect(outcome(await stop(now))[1]).toBe("approval_used");
});

test("a withdrawal needs no free quota", async () => {
  const customer = await customerDevice(server);
  const id = await createConversation(customer, [await staffDevice(server)]);
  await record(customer, "given", id);
  const { owner } = server.database;
  const limit = (to: string) =>
    owner.query(`update sealdesk.tenants set message_tenant_count = ${to}`);
  const before = await owner.query("select message_tenant_count as count from sealdesk.tenants");
  await limit("1");
  try {
    await record(customer, "withdrawn", id);
    const again = await consentRecord(customer, id, "given");
    expect(outcome(await post(customer, again))).toEqual([507, "quota_exceeded"]);
  } finally {
    await limit(`${before.rows[0].count}`);
  }
});

test("each statement that a notice was shown is listed once, in whatever languages", async () => {
  const customer = await customerDevice(server);
  const { body: notice } = await customer.request("GET", "/v1/notices/current");
  for (const { language, digest } of notice.texts) {
    const shown = { version: notice.version, language, digest: Buffer.from(digest, "base64url") };
    const body = viewBody(customer, shown);
    expect((await customer.request("POST", "/v1/notices/views", { body })).status).toBe(204);
  }
  const officer = await staffDevice(server, "privacy_officer");
  const views = async (after: string) => {
    const { body } = await officer.request("GET", `/v1/notices/${notice.version}/views${after}`);
    return body.views.map(({ language }: { language: string }) => language);
  };
  const [first, second] = (await views("")) as [string, string];
  expect(await views(`?after=${customer.id}&language=${first}`)).toEqual([second]);
  expect(await views(`?after=${customer.id}&language=${second}`)).toEqual([]);
});

test("a notice that is shown again and again fills no log", async () => {
  const customer = await customerDevice(server);
  const { body: notice } = await customer.request("GET", "/v1/notices/current");
  const [{ language, digest }] = notice.texts;
  const shown = { version: notice.version, language, digest: Buffer.from(digest, "base64url") };
  const body = viewBody(customer, shown);
  for (let shows = 0; shows < 12; shows++)
    expect((await customer.request("POST", "/v1/notices/views", { body })).status).toBe(204);
  const entries = (await server.auditEntries()).filter(
    ({ action, actor }) =>
      action === "notice.show" && (actor as { id: string }).id === customer.user,
  );
  expect(entries).toHaveLength(10);
});
