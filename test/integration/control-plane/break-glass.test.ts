import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { requireConsents } from "../../../identity/accounts/require-consents.ts";
import { addMember, closeConversation, removeMember } from "../../support/acts.ts";
import {
  accessOf,
  approve,
  askForAccess,
  forbidJoining,
  joinByBreakGlass,
  letLapse,
  type Requested,
} from "../../support/break-glass.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A tenant where nobody joins by themselves, with a conversation of others. */
async function arrange() {
  const tenant = await server.createTenant();
  const device = (role?: Parameters<typeof staffDevice>[1]) => staffDevice(server, role, tenant);
  const [customer, agent] = [await customerDevice(server, undefined, tenant), await device()];
  const staff = await server.createStaff("agent", tenant);
  const asker = new TestDevice(server);
  await asker.signInAsStaff(staff);
  await asker.register();
  const officers = [
    await device("compliance_officer"),
    await device("compliance_officer"),
  ] as const;
  const supervisor = await device("supervisor");
  const conversation = await createConversation(customer, [agent]);
  await forbidJoining(server, tenant);
  return { tenant, customer, agent, asker, staff, officers, supervisor, conversation };
}

const refusal = (code: string) => ({ body: expect.objectContaining({ code }) });

test("two others approve, the requester joins by a signed act, and the access ends by itself", async () => {
  const { tenant, customer, agent, asker, staff, officers, supervisor, conversation } =
    await arrange();
  const [first, reviewer] = officers;
  expect(await joinByBreakGlass(asker, conversation)).toMatchObject(refusal("forbidden"));
  expect(await askForAccess(agent, conversation)).toMatchObject(refusal("access_not_needed"));
  expect(await askForAccess(first, conversation)).toMatchObject(refusal("forbidden"));

  const request: Requested = (await askForAccess(asker, conversation)).body;
  const { id } = request;
  expect((await first.request("GET", "/v1/approvals")).body.approvals).toMatchObject([
    { id, hash: request.hash, needed: 2, parameters: { conversation, minutes: 30 } },
  ]);
  // One person is not enough, nor is the requester, the same person twice, or another request.
  expect(await approve(asker, request)).toMatchObject(refusal("own_approval"));
  const other = { id, hash: Buffer.alloc(32).toString("base64url") };
  expect(await approve(first, other)).toMatchObject(refusal("approval_changed"));
  expect((await approve(first, request)).body).toEqual({ waitsFor: 1 });
  expect(await approve(first, request)).toMatchObject(refusal("approval_used"));
  expect(await joinByBreakGlass(asker, conversation)).toMatchObject(refusal("forbidden"));
  expect((await approve(supervisor, request)).body).toEqual({ waitsFor: 0 });
  expect(await approve(reviewer, request)).toMatchObject(refusal("approval_used"));

  // Every member's device sees what the requester signed, so that must name the access.
  const { grantedUntilMs: untilMs } = await accessOf(asker, id);
  const named = { request: id, untilMs } as never;
  expect(await joinByBreakGlass(asker, conversation)).toMatchObject(refusal("invalid_record"));
  const later = { request: id, untilMs: untilMs + 1 } as never;
  expect(await joinByBreakGlass(asker, conversation, later)).toMatchObject(
    refusal("invalid_record"),
  );
  expect((await joinByBreakGlass(asker, conversation, named)).status).toBe(200);
  const read = (device: TestDevice) => device.request("GET", `/v1/conversations/${conversation}`);
  expect((await read(asker)).status).toBe(200);
  const socket = await RelaySocket.open(server, asker);
  const sender = await RelaySocket.open(server, customer);
  await sender.post(messageTo(conversation, [agent, asker], { epoch: 2 }));
  await socket.next("deliver");

  await letLapse(server, id);
  expect(await joinByBreakGlass(asker, conversation, named)).toMatchObject(
    refusal(expect.stringMatching(/^(forbidden|session_revoked)$/) as never),
  );
  await socket.closed;
  await asker.signInAsStaff(staff);
  expect((await asker.request("GET", "/v1/conversations")).body.conversations).toEqual([]);
  const again = await RelaySocket.open(server, asker);
  expect(again.heads).toEqual([]);
  expect(await again.post(messageTo(conversation, [agent, customer], { epoch: 2 }))).toMatchObject({
    code: "forbidden",
  });
  expect((await removeMember(asker, conversation, asker.user)).status).toBe(200);
  const actions = async () =>
    (await server.auditEntries(tenant)).map(({ action }) => String(action));
  await until(async () => (await actions()).includes("break_glass.end"));
  expect(await accessOf(first, id)).toMatchObject({ state: "ended" });

  // The two who approved it and the requester do not review it.
  const review = (device: TestDevice) =>
    device.request("POST", `/v1/break-glass/${id}/review`, { body: { finding: "justified" } });
  for (const device of [first, supervisor])
    expect(await review(device)).toMatchObject(refusal("forbidden"));
  expect((await review(reviewer)).status).toBe(204);
  expect(await review(reviewer)).toMatchObject(refusal("access_not_ended"));
  const { alerts } = (await first.request("GET", "/v1/alerts")).body;
  expect(alerts.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(["request", "approve", "use", "end"].map((act) => `break_glass.${act}`)),
  );
  expect(await server.auditEntries(tenant)).toContainEqual(
    expect.objectContaining({
      action: "break_glass.use",
      resource: { type: "conversation", id: conversation },
      subject: customer.user,
      details: { request: id, untilMs },
    }),
  );
});

test("an officer ends an access, and the connections and sessions of the account end at once", async () => {
  const { customer, agent, asker, staff, officers, conversation } = await arrange();
  const [first, second] = officers;
  const request: Requested = (await askForAccess(asker, conversation)).body;
  for (const officer of officers) expect((await approve(officer, request)).status).toBe(200);
  const { id } = request;
  const { grantedUntilMs: untilMs } = await accessOf(asker, id);
  await joinByBreakGlass(asker, conversation, { request: id, untilMs });
  const socket = await RelaySocket.open(server, asker);
  const end = (device: TestDevice) => device.request("POST", `/v1/break-glass/${id}/end`);
  expect(await end(agent)).toMatchObject(refusal("forbidden"));
  expect((await end(second)).status).toBe(204);
  await socket.closed;
  expect(await end(second)).toMatchObject(refusal("access_not_running"));
  expect((await asker.request("GET", "/v1/conversations")).status).toBe(401);
  await asker.signInAsStaff(staff);
  expect((await asker.request("GET", "/v1/conversations")).body.conversations).toEqual([]);
  expect(await accessOf(first, id)).toMatchObject({ state: "ended", endedBy: second.user });
  expect((await customer.request("GET", "/v1/break-glass")).status).toBe(403);
});

/** `asker` asks, two officers approve, and `asker` joins. */
async function breakIn(
  asker: TestDevice,
  officers: readonly TestDevice[],
  conversation: ConversationId,
): Promise<Requested> {
  const request: Requested = (await askForAccess(asker, conversation)).body;
  for (const officer of officers) expect((await approve(officer, request)).status).toBe(200);
  const { grantedUntilMs: untilMs } = await accessOf(asker, request.id);
  const named = { request: request.id, untilMs } as never;
  expect((await joinByBreakGlass(asker, conversation, named)).status).toBe(200);
  return request;
}

test("who is in by break-glass brings in nobody, so nobody makes the access permanent", async () => {
  const { tenant, agent, asker, officers, conversation } = await arrange();
  const friend = await staffDevice(server, "agent", tenant);
  await breakIn(asker, officers, conversation);
  const denied = {
    status: 403,
    body: expect.objectContaining({ code: "forbidden" }),
  };
  expect(await addMember(asker, conversation, friend.user)).toMatchObject(denied);
  expect(await closeConversation(asker, conversation)).toMatchObject(denied);
  const entries = await server.auditEntries(tenant);
  expect(entries.findLast(({ action }) => action === "conversation.add_member")).toMatchObject({
    outcome: "refused",
    decision: { reasons: expect.arrayContaining(["member_by_break_glass"]) },
  });
  expect((await addMember(agent, conversation, friend.user)).status).toBe(200);
});

test("a supervisor joins by break-glass, too, where nobody joins by themselves", async () => {
  const { tenant, agent, officers, supervisor, conversation } = await arrange();
  expect(await addMember(supervisor, conversation, supervisor.user)).toMatchObject(
    refusal("forbidden"),
  );
  const { id } = await breakIn(supervisor, officers, conversation);
  expect(
    (await server.auditEntries(tenant)).filter(({ action }) => action === "break_glass.use"),
  ).toMatchObject([{ actor: { id: supervisor.user }, details: { request: id } }]);
  expect(await removeMember(supervisor, conversation, agent.user)).toMatchObject(
    refusal("forbidden"),
  );
  expect((await removeMember(supervisor, conversation, supervisor.user)).status).toBe(200);
});

test("after an early end, no node takes a message from the person", async () => {
  const { customer, agent, asker, staff, officers, conversation } = await arrange();
  const other = await server.startNode();
  try {
    const { id } = await breakIn(asker, officers, conversation);
    const post = async () => {
      const socket = await RelaySocket.open(other, asker);
      return socket.post(messageTo(conversation, [agent, customer], { epoch: 2 }));
    };
    expect(await post()).not.toHaveProperty("code");
    const ended = await officers[0].request("POST", `/v1/break-glass/${id}/end`);
    expect(ended.status).toBe(204);
    await asker.signInAsStaff(staff);
    expect(await post()).toMatchObject({ code: "forbidden" });
  } finally {
    await other.close();
  }
});

test("an approver who has lost the right since counts for nothing, and one refusal is enough", async () => {
  const { asker, officers, supervisor, conversation, tenant } = await arrange();
  const [first, second] = officers;
  const request: Requested = (await askForAccess(asker, conversation)).body;
  expect((await approve(supervisor, request)).body).toEqual({ waitsFor: 1 });
  await server.database.owner.query("update sealdesk.users set role = 'agent' where id = $1", [
    supervisor.user,
  ]);
  expect(await approve(first, request)).toMatchObject(refusal("approval_changed"));
  expect(await accessOf(first, request.id)).toMatchObject({ state: "requested" });

  const refuse = (device: TestDevice) =>
    device.request("POST", `/v1/approvals/${request.id}/refusal`);
  expect(await refuse(asker)).toMatchObject(refusal("forbidden"));
  expect((await refuse(second)).status).toBe(204);
  expect(await approve(first, request)).toMatchObject(refusal("approval_used"));
  const other = await server.createTenant();
  const stranger = await staffDevice(server, "compliance_officer", other);
  expect(await approve(stranger, request)).toMatchObject(refusal("approval_not_found"));
  expect((await server.auditEntries(tenant)).map(({ action }) => action)).toContain(
    "break_glass.refuse",
  );
});

test("an approver whose account was disabled or reset since counts for nothing", async () => {
  const { asker, officers, supervisor, conversation, tenant } = await arrange();
  const [first] = officers;
  const request: Requested = (await askForAccess(asker, conversation)).body;
  expect((await approve(supervisor, request)).body).toEqual({ waitsFor: 1 });
  const { owner } = server.database;
  const disable = "update sealdesk.users set disabled_at_ms = $2 where id = $1";
  await owner.query(disable, [supervisor.user, server.clock.now()]);
  expect(await approve(first, request)).toMatchObject(refusal("approval_changed"));
  await owner.query(disable, [supervisor.user, null]);

  // A reset takes all devices away. Whoever signs in next registers another one.
  const later = "select max(answered_at_ms) + 1 as ms from sealdesk.approval_answers";
  await owner.query(`update sealdesk.devices set created_at_ms = (${later}) where user_id = $1`, [
    supervisor.user,
  ]);
  expect(await approve(first, request)).toMatchObject(refusal("approval_changed"));
  const refused = (await server.auditEntries(tenant)).filter(
    ({ action, outcome }) => action === "break_glass.approve" && outcome === "refused",
  );
  expect(refused).toHaveLength(2);
});

test("a request that was altered in the database is neither shown nor approved", async () => {
  const { asker, officers, conversation, tenant } = await arrange();
  const [first, second] = officers;
  const request: Requested = (await askForAccess(asker, conversation)).body;
  const wrong = { id: request.id, hash: Buffer.alloc(32).toString("base64url") };
  expect(await approve(first, wrong)).toMatchObject(refusal("approval_changed"));
  expect(await server.auditEntries(tenant)).toContainEqual(
    expect.objectContaining({ action: "break_glass.approve", reason: "approval_changed" }),
  );
  await server.database.owner.query(
    `update sealdesk.approvals set parameters = parameters || '{"minutes": 1}' where id = $1`,
    [request.id],
  );
  const show = () => first.request("GET", `/v1/approvals/${request.id}`);
  expect(await show()).toMatchObject(refusal("approval_changed"));
  expect(await approve(second, request)).toMatchObject(refusal("approval_changed"));
  await server.database.owner.query(
    "update sealdesk.approvals set action = 'an.other' where id = $1",
    [request.id],
  );
  expect((await first.request("GET", "/v1/approvals")).body).toEqual({ approvals: [] });
});

test("the database itself grants no access that fewer than two others have approved", async () => {
  const { asker, officers, conversation, tenant } = await arrange();
  const request: Requested = (await askForAccess(asker, conversation)).body;
  const asApplication = (sql: string) =>
    inTransaction(server.database.pool, tenant.id, (client) =>
      client.query<{ until: number | null }>(sql, [request.id]),
    );
  const grant = 'select sealdesk.grant_break_glass($1) as "until"';
  expect((await asApplication(grant)).rows).toEqual([{ until: null }]);
  const execute =
    "update approvals set approver = 'operator:eve', executed_at_ms = 1 where id = $1";
  await expect(asApplication(execute)).rejects.toMatchObject({ code: "23514" });
  await approve(officers[0], request);
  const twice = execute.replace("operator:eve", officers[0].user);
  await expect(asApplication(twice)).rejects.toMatchObject({ code: "23514" });
  const own = `insert into approval_answers values (sealdesk.current_tenant(), $1, '${asker.user}', 1)`;
  await expect(asApplication(own)).rejects.toMatchObject({ code: "42501" });
  const longer = "update break_glass set granted_until_ms = 9e12 where id = $1";
  await expect(asApplication(longer)).rejects.toMatchObject({ code: "42501" });
});

test("an access is in the accounting of disclosures of the customer, with what an archive was shown", async () => {
  const { tenant, customer, agent, asker, officers, conversation } = await arrange();
  const [first, second] = officers;
  const request: Requested = (await askForAccess(asker, conversation)).body;
  await approve(first, request);
  await approve(second, request);
  const { grantedUntilMs: untilMs } = await accessOf(asker, request.id);
  await joinByBreakGlass(asker, conversation, { request: request.id, untilMs });
  const archiver = await staffDevice(server, "archiver", tenant);
  const { slug } = tenant;
  await requireConsents(server.database.ownerUrl, { slug, purposes: [], nowMs: Date.now() });
  await addMember(agent, conversation, archiver.user);
  await agent.request("GET", "/v1/conversations", { purpose: "HRESCH" });

  const privacy = await staffDevice(server, "privacy_officer", tenant);
  const accountingOf = (subject: string, device = privacy, more = "") =>
    device.request("GET", `/v1/audit/disclosures?subject=${subject}${more}`);
  const listed = { conversation, purpose: null, count: 1 };
  const expected = [
    { ...listed, action: "break_glass.use", recipient: asker.user },
    { ...listed, action: "conversation.add_member", recipient: archiver.user },
    { ...listed, action: "conversation.list", recipient: agent.user, purpose: "HRESCH" },
  ];
  // An entry is found once it is signed.
  await until(async () => {
    const { disclosures, leftOut } = (await accountingOf(customer.user)).body;
    return disclosures.length === 3 && leftOut > 0;
  });
  const { body } = await accountingOf(customer.user);
  expect(body).toMatchObject({ disclosures: expected, includesOperations: false, unreadable: 0 });
  expect(body.untilMs - body.fromMs).toBeGreaterThan(6 * 365 * 86_400_000);
  const { firstAtMs } = body.disclosures[0];
  const before = await accountingOf(customer.user, privacy, `&until=${firstAtMs}`);
  expect(before.body.disclosures).toEqual([]);
  // Who was shown it is not the person whom it is about.
  expect((await accountingOf(asker.user)).body.disclosures).toEqual([]);
  expect(await server.auditEntries(tenant)).toContainEqual(
    expect.objectContaining({
      action: "audit.read_disclosures",
      subject: customer.user,
      decision: { allowed: true, reasons: ["accounts_for_disclosures"] },
    }),
  );

  for (const device of [agent, customer, archiver])
    expect(await accountingOf(customer.user, device)).toMatchObject(refusal("forbidden"));
  const stranger = await staffDevice(server, "privacy_officer");
  expect(await accountingOf(customer.user, stranger)).toMatchObject(refusal("user_not_found"));

  const command = (...args: readonly string[]) => runSealdesk(server, args);
  const named = ["--tenant", tenant.slug, "--names"];
  const { code, out } = await command("audit", "disclosures", customer.user, ...named);
  expect(code).toBe(0);
  expect(out).toContain(`to ${asker.user}  messages of a conversation, by access in an emergency`);
  expect(out).toContain(`messages of a conversation, to an archive ${conversation}`);
  expect(out).toContain("(45 CFR 164.528(a)(1)(i))");
  await command("tenant", "accounting", "--slug", tenant.slug, "--operations", "listed");
  const json = await command("audit", "disclosures", customer.user, ...named, "--json");
  const all = JSON.parse(json.out);
  expect(all).toMatchObject({ leftOut: 0, includesOperations: true });
  expect(all.disclosures).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: "audit.read_disclosures", recipient: privacy.user }),
      expect.objectContaining({ action: "break_glass.use", displayName: "Test agent" }),
    ]),
  );
});
