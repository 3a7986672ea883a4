import { nodeChecks } from "../../../audit/node-checks.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import { verifyCertificate } from "../../../audit/verify/certificate/verify-certificate.ts";
import { fromBase64Url } from "../../../crypto/wire/bytes.ts";
import type { CaseId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { eraseBy, reached, withdrawErasureBy } from "../../support/erasures.ts";
import { placeHold } from "../../support/holds.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { askFor, byLink, decide, recordFor, renewLink, withdraw } from "../../support/requests.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const DAY_MS = 86_400_000;
const refusal = (code: string) => ({ body: expect.objectContaining({ code }) });
const officerOf = () => staffDevice(server, "privacy_officer");

/** A customer with a conversation of one message, and the agent in it. */
async function conversing() {
  const subject = newId();
  const customer = await customerDevice(server, subject);
  const agent = await staffDevice(server);
  const conversation = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, customer);
  await socket.post(messageTo(conversation, [agent]));
  await socket.close();
  return { subject, customer, agent, conversation };
}

/** A customer whose request for erasure an officer has accepted. */
async function accepted(windowHours: number) {
  const parties = await conversing();
  const officer = await officerOf();
  const { body } = await askFor(parties.customer, "erasure");
  const [request, link] = [body.id as string, body.link as string];
  expect((await decide(officer, request, "accepted", { windowHours })).status).toBe(204);
  const read = await officer.request("GET", `/v1/requests/${request}`);
  const erasure = (read.body.erasure as { readonly id: CaseId }).id;
  return { ...parties, officer, request, link, erasure };
}

async function verified(link: string) {
  const { out } = await runSealdesk(server, ["audit", "vkey", "--tenant", server.tenant.slug]);
  const trusted = [parseVkey(nodeChecks.sha256, out.trim())];
  const { body } = await byLink(server, link, "/certificate");
  const file = fromBase64Url(body["file"] as string);
  return verifyCertificate(nodeChecks, file, { trusted }).certificate;
}

const entriesOf = async (user: string) =>
  (await server.auditEntries()).filter((entry) => JSON.stringify(entry).includes(user));

test("an accepted request begins the erasure, its page shows how far it is, and the certificate answers it", async () => {
  const { customer, link, erasure, officer } = await accepted(0);
  await until(async () => (await byLink(server, link)).body["state"] === "answered");
  const { body } = await byLink(server, link);
  expect(body).toMatchObject({
    erasure: { state: "certified", pending: null, certifiedAtMs: expect.any(Number) },
  });
  expect(JSON.stringify(body)).not.toContain(customer.user);
  const certificate = await verified(link);
  expect(certificate).toMatchObject({
    case: erasure,
    subject: customer.user,
    law: "GDPR Article 17(1)",
    receivedAtMs: body["receivedAtMs"],
  });
  const shown = await officer.request("GET", `/v1/erasures/${erasure}`);
  expect(shown.body).toMatchObject({ state: "certified", subject: customer.user });
  expect(shown.body.items).toContainEqual(
    expect.objectContaining({ kind: "messages", outcome: "erased", records: 1 }),
  );
  const actions = (await entriesOf(customer.user)).map(({ action }) => action);
  for (const action of ["request.decide", "erasure.begin", "erasure.certify", "request.answer"])
    expect(actions.filter((each) => each === action)).toHaveLength(1);
  expect(await byLink(server, link, "/withdrawal")).toMatchObject(refusal("case_moved"));
});

test("the same request 20 times over several channels is one erasure and one certificate, from the earliest receipt", async () => {
  const { customer, agent } = await conversing();
  const officer = await officerOf();
  const letterMs = Date.now() - 10 * DAY_MS;
  const asks = Array.from({ length: 19 }, (_, index) => {
    if (index % 3 === 0) return askFor(customer, "erasure");
    if (index % 3 === 1) return recordFor(agent, customer.user, "erasure");
    return recordFor(officer, customer.user, "erasure", { receivedAtMs: letterMs + index });
  });
  const replies = await Promise.all(asks);
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 201));
  const [{ id, link }] = replies.map(({ body }) => body as { id: string; link: string }) as [
    { readonly id: string; readonly link: string },
  ];
  expect(await decide(officer, id, "accepted", { windowHours: 24 })).toMatchObject({ status: 204 });
  const read = async () => (await officer.request("GET", `/v1/requests/${id}`)).body;
  const { erasure } = (await read()) as { readonly erasure: { readonly id: CaseId } };
  await reached(server.database, erasure.id, "contestable");
  // An earlier letter is found when the erasure runs.
  const last = await recordFor(officer, customer.user, "erasure", { receivedAtMs: letterMs });
  expect(last).toMatchObject({ status: 201, body: { id, isMerged: true, link: null } });
  expect(await eraseBy(officer, customer.user)).toMatchObject(refusal("erasure_running"));
  expect(await decide(officer, id, "answered")).toMatchObject(refusal("erasure_running"));
  await server.database.owner.query(
    "update sealdesk.cases set wake_at_ms = 0 where id = $1 and state = 'contestable'",
    [erasure.id],
  );
  await until(async () => (await read()).state === "answered");
  expect(await read()).toMatchObject({ receipts: 20, receivedAtMs: letterMs });
  expect(await verified(link)).toMatchObject({ receivedAtMs: letterMs, former: null });
  const { rows } = await server.database.owner.query<{ count: number }>(
    "select count(*)::int as count from sealdesk.erasures where subject = $1",
    [customer.user],
  );
  expect(rows).toEqual([{ count: 1 }]);
});

/** Requires that the account and the conversation are as they were before the erasure. */
async function assertUntouched({ subject, customer, agent, conversation }: Parties): Promise<void> {
  const socket = await RelaySocket.open(server, agent);
  expect(await socket.post(messageTo(conversation, [customer]))).toHaveProperty("seq", 3);
  await socket.close();
  expect((await customer.signInAsCustomer(subject)).status).toBe(201);
  const { body } = await customer.request("GET", "/v1/conversations");
  expect(JSON.stringify(body)).toContain(conversation);
  const { rows } = await server.database.owner.query<{ count: number }>(
    `select count(*)::int as count from sealdesk.suppressions s join sealdesk.devices d
       on s.kind = 'device' and s.hash = sha256(d.device_key) where d.user_id = $1`,
    [customer.user],
  );
  expect(rows).toEqual([{ count: 0 }]);
}
type Parties = Awaited<ReturnType<typeof conversing>>;

test("the person withdraws with the link while nothing is destroyed, and everything is as it was", async () => {
  const parties = await accepted(24);
  const { customer, agent, conversation, link, erasure, officer, request } = parties;
  await reached(server.database, erasure, "contestable");
  const socket = await RelaySocket.open(server, agent);
  const post = () => socket.post(messageTo(conversation, [customer]));
  expect(await post()).toHaveProperty("code", "subject_erased");
  await socket.close();
  expect(await customer.request("GET", "/v1/conversations")).toMatchObject(
    refusal("subject_erased"),
  );
  expect(await byLink(server, link, "/certificate")).toMatchObject(
    refusal("certificate_not_found"),
  );
  expect((await byLink(server, link, "/withdrawal")).status).toBe(204);
  await assertUntouched(parties);
  expect((await byLink(server, link)).body).toMatchObject({
    state: "withdrawn",
    erasure: { state: "withdrawn", certifiedAtMs: null },
  });
  const entries = await entriesOf(customer.user);
  for (const action of ["request.withdraw", "erasure.withdraw"])
    expect(entries).toContainEqual(
      expect.objectContaining({ action, actor: expect.objectContaining({ id: "request-link" }) }),
    );
  expect(await byLink(server, link, "/withdrawal")).toMatchObject(refusal("case_moved"));
  expect(await withdraw(officer, request)).toMatchObject(refusal("case_moved"));
  // The person may ask again.
  expect((await askFor(customer, "erasure")).body).toMatchObject({ isMerged: false });
});

test("an officer withdraws on behalf of the person, by the erasure or by the request, and nobody else does", async () => {
  const parties = await accepted(24);
  const { agent, erasure, officer, request } = parties;
  await reached(server.database, erasure, "contestable");
  expect(await withdrawErasureBy(agent, erasure)).toMatchObject(refusal("forbidden"));
  expect(await withdraw(agent, request)).toMatchObject(refusal("request_not_found"));
  const auditor = await staffDevice(server, "auditor");
  expect(await withdraw(auditor, request)).toMatchObject(refusal("forbidden"));
  expect(await withdrawErasureBy(officer, erasure)).toMatchObject({ status: 204 });
  await assertUntouched(parties);
  expect((await officer.request("GET", `/v1/requests/${request}`)).body).toMatchObject({
    state: "withdrawn",
    erasure: { state: "withdrawn" },
  });
  // The conversation goes on, so the next fence stands at another place.
  const again = await eraseBy(officer, parties.customer.user);
  expect(again.status).toBe(201);
  const id = again.body.id as CaseId;
  await reached(server.database, id, "contestable");
  const words = ["erase", "withdraw", id, "--tenant", server.tenant.slug];
  expect((await runSealdesk(server, words)).out).toContain("withdrawn");
  const waiting = await askFor(await customerDevice(server, newId()), "erasure");
  expect((await withdraw(officer, waiting.body.id as string)).status).toBe(204);
});

test("nobody withdraws an erasure of which a replay has destroyed a part, and accepting it again begins no other", async () => {
  const { officer, request, link, erasure, conversation } = await accepted(24);
  await reached(server.database, erasure, "contestable");
  expect(await decide(officer, request, "accepted")).toMatchObject(refusal("erasure_running"));
  // As a replay after a restore records it.
  await server.database.owner.query(
    `insert into sealdesk.erasure_items (tenant, case_id, kind, item, outcome, at_ms, entry)
     values ($1, $2, 'subject_key', $3, 'erased', 1, 1)`,
    [server.tenant.id, erasure, conversation],
  );
  expect(await withdrawErasureBy(officer, erasure)).toMatchObject(refusal("case_moved"));
  expect(await withdraw(officer, request)).toMatchObject(refusal("case_moved"));
  expect(await byLink(server, link, "/withdrawal")).toMatchObject(refusal("case_moved"));
});

test("officers plan and begin an erasure over HTTP, once for each id", async () => {
  const { customer, agent, conversation } = await conversing();
  const officer = await officerOf();
  expect(await placeHold(server, officer, officer, { conversation })).toMatchObject({
    status: 201,
  });
  const plan = (device: TestDevice) =>
    device.request("GET", `/v1/users/${customer.user}/erasure-plan`);
  expect((await plan(officer)).body).toMatchObject({
    scopes: [
      {
        conversation,
        messages: 1,
        attachments: 0,
        keys: 1,
        keeping: { ground: "legal_hold", citation: expect.any(String) },
      },
    ],
    account: { devices: 1, auditFields: expect.any(Number), keeping: null },
  });
  expect(await plan(agent)).toMatchObject(refusal("forbidden"));
  const id = newId();
  const begun = [
    await eraseBy(officer, customer.user, { id }),
    await eraseBy(officer, customer.user, { id }),
  ];
  expect(begun).toMatchObject([
    { status: 201, body: { id } },
    { status: 201, body: { id } },
  ]);
  expect(await eraseBy(officer, customer.user)).toMatchObject(refusal("erasure_running"));
  expect(await eraseBy(officer, officer.user)).toMatchObject(refusal("forbidden"));
  expect(await eraseBy(officer, newId())).toMatchObject(refusal("subject_not_found"));
  expect(await officer.request("GET", `/v1/erasures/${id}/certificate`)).toMatchObject(
    refusal("certificate_not_found"),
  );
});

test("the last administrator cannot be erased, and neither can both at the same time", async () => {
  const tenant = await server.createTenant();
  const officer = await staffDevice(server, "privacy_officer", tenant);
  const first = await staffDevice(server, "admin", tenant);
  expect(await eraseBy(officer, first.user)).toMatchObject(refusal("last_administrator"));
  const second = await staffDevice(server, "admin", tenant);
  const both = await Promise.all([first, second].map(({ user }) => eraseBy(officer, user)));
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
});

test("an administrator who is the last one when the window ends is not erased before there is another one", async () => {
  const tenant = await server.createTenant();
  const officer = await staffDevice(server, "privacy_officer", tenant);
  const [first, second] = [
    await staffDevice(server, "admin", tenant),
    await staffDevice(server, "admin", tenant),
  ];
  const begun = await eraseBy(officer, first.user);
  const id = begun.body.id as CaseId;
  await reached(server.database, id, "contestable");
  const backend = backendWith(server, await apiKeyOf(server, { tenant }), tenant);
  expect((await backend("POST", `staff/${second.user}/disable`)).status).toBe(200);
  const endWindow = () =>
    server.database.owner.query("update sealdesk.cases set wake_at_ms = 0 where id = $1", [id]);
  await endWindow();
  await reached(server.database, id, "last_administrator");
  await server.createStaff("admin", tenant);
  await endWindow();
  await reached(server.database, id, "certified");
}, 60_000);

test("a backup from the time of the window does not let a withdrawn erasure go on", async () => {
  const { customer, erasure, link, request } = await accepted(24);
  await reached(server.database, erasure, "contestable");
  const { owner } = server.database;
  const positions = ["sealdesk.ledger_position", "keystore.ledger_position"];
  await owner.query(`create table public.kept_cases as
    select * from sealdesk.cases where id in ('${erasure}', '${request}')`);
  for (const [at, table] of positions.entries())
    await owner.query(`create table public.kept_position_${at} as select * from ${table}`);
  const fenced = "select fenced_at_ms as at from sealdesk.users where id = $1";
  const { rows } = await owner.query<{ at: number }>(fenced, [customer.user]);
  expect((await byLink(server, link, "/withdrawal")).status).toBe(204);

  // The backup is put back.
  await owner.query(`begin;
    alter table sealdesk.cases disable trigger assert_step_is_recorded;
    delete from sealdesk.case_steps s using public.kept_cases k where s.case_id = k.id and s.step >= k.step;
    update sealdesk.cases c set state = k.state, step = k.step, wake_at_ms = k.wake_at_ms,
      ended_at_ms = k.ended_at_ms from public.kept_cases k where k.id = c.id;
    alter table sealdesk.cases enable always trigger assert_step_is_recorded;
    commit`);
  await owner.query("update sealdesk.users set fenced_at_ms = $2 where id = $1", [
    customer.user,
    rows[0]?.at,
  ]);
  for (const [at, table] of positions.entries())
    await owner.query(
      `update ${table} p set number = k.number, hash = k.hash from public.kept_position_${at} k`,
    );
  // A node that starts carries the ledger out before anything else.
  await (await server.startNode()).close();
  await reached(server.database, erasure, "withdrawn");
  await reached(server.database, request as CaseId, "withdrawn");
  expect((await owner.query(fenced, [customer.user])).rows).toEqual([{ at: null }]);
  const last = (await entriesOf(customer.user)).filter(
    ({ action, actor }) =>
      action === "erasure.withdraw" && (actor as { id: string }).id === "erasure-ledger",
  );
  expect(last).toHaveLength(1);
});

test("a new link revokes the earlier ones", async () => {
  const customer = await customerDevice(server, newId());
  const officer = await officerOf();
  const { body } = await askFor(customer, "erasure");
  const [id, link] = [body.id as string, body.link as string];
  expect(await renewLink(await staffDevice(server), id)).toMatchObject(refusal("forbidden"));
  const renewed = (await renewLink(officer, id)).body.link as string;
  for (const path of ["", "/certificate", "/withdrawal"] as const)
    expect(await byLink(server, link, path)).toMatchObject(refusal("request_not_found"));
  expect((await byLink(server, renewed)).body).toMatchObject({ state: "received" });
});
