import { addMember, closeConversation } from "../../support/acts.ts";
import { conversing } from "../../support/customer-with-conversations.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { erase, reached } from "../../support/erasures.ts";
import { answerMatch, askToMatch, placeHold, releaseHold } from "../../support/holds.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { askFor, byLink, decide } from "../../support/requests.ts";
import { lift, restrict } from "../../support/restrictions.ts";
import { age, put } from "../../support/retention.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { createKeystorePool } from "../../../db/pool.ts";
import { escalateWaiting } from "../../../workflows/holds/escalate-waiting.ts";
import { purgeTenant } from "../../../workflows/retention/purge.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { begin, send, uploaded } from "../attachments/device-requests.ts";

let server: TestServer;
let officer: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  officer = await staffDevice(server, "privacy_officer");
});
afterAll(() => server.close());

const refused = (status: number, code: string) => ({
  status,
  body: expect.objectContaining({ code }),
});

/** A customer with two conversations of three messages each, and their members. A hold on the first has a custodian. */
async function arranged() {
  const customer = await customerDevice(server, newId());
  const [agent, custodian] = [await staffDevice(server), await staffDevice(server, "supervisor")];
  const [first, second] = [
    await createConversation(customer, [agent, custodian]),
    await createConversation(customer, [agent]),
  ];
  const hold = await placeHold(server, officer, custodian, { conversation: first });
  const socket = await RelaySocket.open(server, customer);
  for (let sent = 0; sent < 3; sent++) {
    await socket.post(messageTo(first, [agent, custodian]));
    await socket.post(messageTo(second, [agent]));
  }
  return { customer, agent, custodian, first, second, socket, hold: hold.body.id };
}

/** Opens a socket from the beginning of all conversations, and returns what it is sent until it has caught up. */
async function read(on: Pick<TestServer, "url">, device: TestDevice) {
  const socket = await RelaySocket.open(on, device);
  const known = socket.heads.map(({ conversation }) => conversation);
  for (const _ of known) await socket.next("synced");
  const seqs = new Map<ConversationId, number[]>();
  for (const { kind, body } of socket.pending())
    if (kind === "deliver")
      seqs.set(body.conversation, [...(seqs.get(body.conversation) ?? []), body.seq]);
  return { socket, known, seqs };
}

test("a restricted conversation is readable for the hold's custodian alone, on all nodes and over HTTP, until it is lifted", async () => {
  const { customer, agent, custodian, first, second, socket, hold } = await arranged();
  const path = await uploaded(server, customer, first, new Uint8Array(40));
  const node = await server.startNode();
  // This node has read the head of the log before.
  const elsewhere = await RelaySocket.open(node, agent);
  await elsewhere.post(messageTo(first, [customer, custodian]));
  await elsewhere.post(messageTo(second, [customer]));

  const placed = await restrict(officer, customer.user, [first]);
  expect(placed).toMatchObject({ status: 201, body: { conversations: 1 } });

  for (const sender of [socket, elsewhere]) {
    const others = sender === socket ? [agent, custodian] : [customer, custodian];
    expect(await sender.post(messageTo(first, others))).toMatchObject({
      code: "processing_restricted",
      message: expect.stringContaining("restricted"),
    });
  }
  expect(await socket.post(messageTo(second, [agent]))).toHaveProperty("seq");
  await elsewhere.close();

  for (const on of [server, node]) {
    const shown = await read(on, agent);
    expect(shown.known).toEqual([second]);
    expect(shown.seqs.has(first)).toBe(false);
    // A device that claims to know the conversation is sent nothing of it either.
    shown.socket.send({ kind: "ack", body: { cursors: [{ conversation: first, seq: 0 }] } });
    await shown.socket.post(messageTo(second, [customer]));
    expect(JSON.stringify(shown.socket.pending())).not.toContain(first);
    await shown.socket.close();
  }
  const kept = await read(node, custodian);
  expect(kept.seqs.get(first)).toEqual([1, 2, 3, 4, 5]);
  await kept.socket.close();

  for (const member of [agent, customer])
    expect((await send(server, member, "GET", path)).status).toBe(403);
  expect((await send(server, custodian, "GET", path)).status).toBe(200);
  expect((await begin(server, custodian, first, 10)).reply.status).toBe(403);
  const helper = await staffDevice(server);
  expect(await addMember(custodian, first, helper.user)).toMatchObject(
    refused(403, "processing_restricted"),
  );
  expect(await closeConversation(customer, first)).toMatchObject(
    refused(403, "processing_restricted"),
  );
  const view = async (id: string) => (await agent.request("GET", `/v1/conversations/${id}`)).body;
  expect([await view(first), await view(second)]).toMatchObject([
    { isRestricted: true },
    { isRestricted: false },
  ]);

  // A released hold has no custodian.
  await releaseHold(officer, await staffDevice(server, "compliance_officer"), hold);
  expect((await read(server, custodian)).known).toEqual([]);

  const waiting = await RelaySocket.open(server, agent);
  expect(waiting.heads.map(({ conversation }) => conversation)).toEqual([second]);
  expect((await lift(officer, placed.body.id as string)).status).toBe(200);
  const again: number[] = [];
  while (again.length < 5)
    for (const { conversation, seq } of await waiting.deliveries(1))
      if (conversation === first) again.push(seq);
  expect(again).toEqual([1, 2, 3, 4, 5]);
  await until(async () => "seq" in (await socket.post(messageTo(first, [agent, custodian]))));
  expect(await waiting.next("deliver")).toMatchObject({ conversation: first, seq: 6 });

  const acts = (await server.auditEntries()).filter(({ action }) =>
    String(action).startsWith("restriction."),
  );
  expect(acts).toMatchObject([
    { action: "restriction.place", subject: customer.user, outcome: "success" },
    { action: "restriction.announce_lifting", subject: customer.user },
    { action: "restriction.lift", details: { conversations: [first] } },
  ]);
  await Promise.all([socket.close(), waiting.close()]);
  await node.close();
});

test("a socket that is open when a conversation is restricted is sent nothing more of it", async () => {
  const { customer, agent, first, second, socket } = await arranged();
  const open = await RelaySocket.open(server, agent);
  await open.deliveries(8);
  await restrict(officer, customer.user, [first]);
  // The device has fallen behind, or asks again for what it has.
  open.send({ kind: "ack", body: { cursors: [{ conversation: first, seq: 0 }] } });
  expect(await socket.post(messageTo(second, [agent]))).toHaveProperty("seq");
  expect(await open.next("deliver")).toMatchObject({ conversation: second, seq: 5 });
  expect(open.pending().filter(({ kind }) => kind === "deliver")).toEqual([]);
  await Promise.all([socket.close(), open.close()]);
});

test("whatever is sent while a conversation is being restricted is stored before it, or refused", async () => {
  const { customer, agent, custodian, first, socket } = await arranged();
  const stop = new AbortController();
  const accepted: number[] = [];
  const codes: string[] = [];
  const sending = (async () => {
    while (!stop.signal.aborted) {
      const answer = await socket.post(messageTo(first, [agent, custodian]));
      if ("seq" in answer) accepted.push(answer.seq);
      else codes.push(answer.code);
    }
  })();
  await until(() => accepted.length > 2);
  await restrict(officer, customer.user);
  const last = accepted.at(-1);
  await until(() => codes.length > 2);
  stop.abort();
  await sending;
  expect(new Set(codes)).toEqual(new Set(["processing_restricted"]));
  // An answer may be under way when the restriction is placed, but nothing is accepted after that.
  expect(accepted.length - 1 - accepted.indexOf(last!)).toBeLessThanOrEqual(1);
  await socket.close();
});

test("a restriction is refused by name to whoever may not place or lift it", async () => {
  const { customer, agent, first, socket } = await arranged();
  await socket.close();
  const other = await arranged();
  await other.socket.close();
  expect(await restrict(agent, customer.user)).toMatchObject(refused(403, "forbidden"));
  expect(await restrict(customer, customer.user)).toMatchObject(refused(403, "forbidden"));
  expect(await restrict(officer, newId())).toMatchObject(refused(404, "subject_not_found"));
  expect(await restrict(officer, customer.user, [other.first])).toMatchObject(
    refused(409, "nothing_to_restrict"),
  );
  expect(await restrict(officer, officer.user)).toMatchObject(refused(403, "forbidden"));
  const silent = await customerDevice(server);
  expect(await restrict(officer, silent.user)).toMatchObject({
    status: 201,
    body: { conversations: 0 },
  });
  const { body } = await restrict(officer, customer.user, [first]);
  const id = body.id as string;
  expect(await lift(agent, id)).toMatchObject(refused(403, "forbidden"));
  expect(await lift(officer, newId())).toMatchObject(refused(404, "restriction_not_found"));
  expect((await lift(officer, id, 1)).status).toBe(200);
  expect(await lift(officer, id)).toMatchObject(refused(409, "case_moved"));
  const own = async (device: TestDevice) =>
    (await device.request("GET", "/v1/restrictions")).body.restrictions as readonly object[];
  expect(await own(customer)).toMatchObject([{ id, state: "announced", conversations: [first] }]);
  expect(await own(other.customer)).toEqual([]);
  const late = await RelaySocket.open(server, customer);
  expect(late.heads.map(({ conversation }) => conversation)).not.toContain(first);
  await late.close();
});

test("an accepted request for restriction restricts, and its page says when the restriction ends", async () => {
  const { customer, agent, custodian, first, socket } = await arranged();
  const { body } = await askFor(customer, "restriction");
  const [request, link] = [body.id as string, body.link as string];
  expect((await decide(officer, request, "accepted")).status).toBe(204);
  expect(await socket.post(messageTo(first, [agent, custodian]))).toHaveProperty(
    "code",
    "processing_restricted",
  );
  expect((await byLink(server, link)).body).toMatchObject({
    state: "answered",
    restriction: { state: "in_force", liftsAtMs: null },
  });
  const { restrictions } = (await officer.request("GET", "/v1/restrictions")).body;
  const [placed] = (restrictions as readonly { id: string; request: string }[]).filter(
    (each) => each.request === request,
  );
  expect(placed).toMatchObject({ law: "GDPR Article 18(1)", state: "in_force" });
  const { liftsAtMs } = (await lift(officer, placed!.id, 24)).body;
  expect((await byLink(server, link)).body).toMatchObject({
    restriction: { state: "announced", liftsAtMs },
  });
  await socket.close();
});

test("retention purges nothing of a restricted conversation until the restriction is lifted", async () => {
  const { customer, first, second, socket, hold } = await arranged();
  await socket.close();
  const other = await staffDevice(server, "compliance_officer");
  await releaseHold(officer, other, hold);
  await put(await staffDevice(server, "admin"), other, [{ days: 30 }]);
  const { body } = await restrict(officer, customer.user, [first]);
  await age(server, [first, second], 40);
  const keystore = createKeystorePool(server.loginUrl);
  const now = () => server.clock.now();
  const { pool } = server.database;
  const left = async () => {
    await purgeTenant(
      { pool, now, destroy: { keystore, apart: undefined, now } },
      server.tenant.id,
    );
    const { rows } = await server.database.owner.query<{ count: number }>(
      `select (select count(*) from sealdesk.events where conversation = c.id and kind = 1)::int as count
       from unnest($1::uuid[]) with ordinality as c (id, place) order by place`,
      [[first, second]],
    );
    return rows.map(({ count }) => count);
  };
  // The last event of a log stays.
  expect(await left()).toEqual([3, 1]);
  expect((await lift(officer, body.id as string)).status).toBe(200);
  await until(async () => (await left())[0] === 1);
  await keystore.end();
});

test("the operator restricts, lists and lifts", async () => {
  const { customer, first, second, socket } = await arranged();
  await socket.close();
  const run = async (...words: string[]) => {
    const { out, err } = await runSealdesk(server, [
      "restriction",
      ...words,
      "--tenant",
      server.tenant.slug,
    ]);
    return out + err;
  };
  const placed = await run("place", "--subject", customer.user, "--law", "45 CFR 164.522(a)");
  const [, id = ""] =
    /^Restriction (\S+) is in force\. It covers 2 conversations/.exec(placed) ?? [];
  expect(await run("list")).toContain(`${id}  in_force  since`);
  const listed = JSON.parse(await run("list", "--json")) as readonly { id: string }[];
  expect(listed.find((each) => each.id === id)).toMatchObject({
    law: "45 CFR 164.522(a)",
    conversations: [first, second].toSorted(),
  });
  expect(await run("lift", id, "--notice-hours", "1000")).toContain("from 0 to 720");
  expect(await run("lift", id, "--notice-hours", "0")).toContain("The person is told.");
  await until(async () => !(await run("list")).includes(id));
  expect(await run("list", "--all")).toContain(`${id}  lifted`);
});

test("the custodian of a hold is asked whether a returning person is the erased one, and nothing is linked unasked", async () => {
  const { subject, customer, conversations } = await conversing(server, 2);
  const [kept = newId<ConversationId>()] = conversations;
  const complianceOfficer = await staffDevice(server, "compliance_officer");
  const [custodian, agent] = [await staffDevice(server, "supervisor"), await staffDevice(server)];
  const hold = (await placeHold(server, complianceOfficer, custodian, { conversation: kept })).body
    .id;
  const erasure = await erase(server.database, server.tenant.id, customer.user);
  await reached(server.database, erasure, "certified");
  const asked = async (device: TestDevice) => {
    const { body } = await device.request("GET", "/v1/potential-matches");
    return (body.matches as readonly { hold: string; id: string }[]).filter(
      (each) => each.hold === hold,
    );
  };
  expect(await asked(custodian)).toEqual([]);

  // The hash of who the person was is kept for a year, because of the hold.
  const { rows } = await server.database.owner.query<{ days: number }>(
    `select (expires_at_ms - erased_at_ms)::float8 / 86400000 as days from sealdesk.suppressions
     where kind = 'customer' and held_subject = $1`,
    [customer.user],
  );
  expect(rows).toEqual([{ days: 366 }]);
  server.clock.offsetMs += 60_000;
  const again = await customerDevice(server, subject);
  await new TestDevice(server).signInAsCustomer(subject);
  server.clock.offsetMs -= 60_000;
  const [match, ...more] = await asked(custodian);
  expect(match).toMatchObject({ former: customer.user, account: again.user });
  expect(more).toEqual([]);
  expect(await asked(complianceOfficer)).toEqual([match]);
  const alerts = (await complianceOfficer.request("GET", "/v1/alerts")).body
    .alerts as readonly object[];
  expect(alerts).toContainEqual(
    expect.objectContaining({ action: "hold.ask_custodian", resource: hold, subject: again.user }),
  );
  const items = async () =>
    ((await complianceOfficer.request("GET", `/v1/holds/${hold}`)).body.items as readonly object[])
      .length;
  expect(await items()).toBe(1);

  const { id = "" } = match ?? {};
  expect(await answerMatch(agent, id, "linked")).toMatchObject(refused(404, "match_not_found"));
  expect(await answerMatch(again, id, "linked")).toMatchObject(refused(403, "forbidden"));
  expect((await answerMatch(custodian, id, "linked")).status).toBe(204);
  expect(await items()).toBe(2);
  expect(await answerMatch(complianceOfficer, id, "not_linked")).toMatchObject(
    refused(404, "match_not_found"),
  );
  expect(await asked(custodian)).toEqual([]);
  const { body } = await again.request("GET", "/v1/conversations");
  expect(body.conversations).toEqual([]);
  const reconcile = () =>
    runSealdesk(server, ["audit", "reconcile", "--tenant", server.tenant.slug]);
  expect(await reconcile()).toMatchObject({ code: 0, err: "" });

  // The answer of the operator, about another account.
  const other = await customerDevice(server);
  const question = { hold, former: customer.user, account: other.user };
  const second = await askToMatch(server, question);
  const deps = { pool: server.database.pool, now: () => server.clock.now() };
  expect(await escalateWaiting(deps)).toBe(0);
  await server.database.owner.query(
    "update sealdesk.potential_matches set asked_at_ms = asked_at_ms - 604800000 where id = $1",
    [second],
  );
  expect([await escalateWaiting(deps), await escalateWaiting(deps)]).toEqual([1, 0]);
  const told = (await complianceOfficer.request("GET", "/v1/alerts")).body;
  expect(told.alerts).toContainEqual(
    expect.objectContaining({ action: "hold.escalate_match", resource: second }),
  );
  const run = async (...words: string[]) =>
    (await runSealdesk(server, ["hold", ...words, "--tenant", server.tenant.slug])).out;
  expect(await run("matches")).toContain(`${second}  asked`);
  expect(await run("answer", second, "--answer", "not_linked")).toContain("stays a stranger's");
  expect(await items()).toBe(2);

  await server.database.owner.query(
    "update sealdesk.potential_matches set answer = 'linked' where id = $1",
    [second],
  );
  const found = await reconcile();
  expect(found).toMatchObject({ code: 1 });
  expect(found.out).toMatch(
    new RegExp(`potential_matches ${second} says hold ${hold}, linked, but entry`),
  );

  // A question about a hold that is released waits for nobody, and no node looks at it again.
  const third = await askToMatch(server, { ...question, account: agent.user });
  await server.database.owner.query(
    "update sealdesk.potential_matches set asked_at_ms = asked_at_ms - 604800000 where id = $1",
    [third],
  );
  expect((await releaseHold(complianceOfficer, officer, hold)).status).toBe(200);
  expect(await escalateWaiting(deps)).toBe(0);
  const { rows: overdue } = await server.database.owner.query(
    "select tenants_with_overdue_matches from sealdesk.tenants_with_overdue_matches()",
  );
  expect(overdue).toEqual([]);
});
