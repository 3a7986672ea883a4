import { randomUUID } from "node:crypto";
import { inTransaction } from "../../../db/transaction.ts";
import { audited } from "../../../identity/audited.ts";
import { approveVersion } from "../../../identity/policy/approve-version.ts";
import { draftVersion } from "../../../identity/policy/draft-version.ts";
import { Policies } from "../../../identity/policy/policies.ts";
import { recordEffective } from "../../../identity/policy/record-effective.ts";
import { withdrawVersion } from "../../../identity/policy/withdraw-version.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { closeConversation } from "../../support/acts.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import {
  approve,
  draft,
  inForce,
  off,
  operator,
  policyDeps,
  proposed,
  tenantWithOfficers,
} from "../../support/policy-versions.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const arrange = () => tenantWithOfficers(server);
const deps = (nowMs?: number) => policyDeps(server, nowMs);

test("a draft decides nothing until a second person approves it, and a version reverses it", async () => {
  const { tenant, admin, officer } = await arrange();
  const [customer, agent] = [
    await customerDevice(server, undefined, tenant),
    await staffDevice(server, "agent", tenant),
  ];
  const conversations = [
    await createConversation(customer, [agent]),
    await createConversation(customer, [agent]),
  ];
  const drafted = (await draft(admin, off("conversation.close"))).body;
  expect(drafted).toMatchObject({ version: 1 });
  expect((await closeConversation(agent, conversations[0]!)).status).toBe(200);

  const preview = await officer.request("GET", "/v1/policy/versions/1/preview");
  expect(preview.body).toMatchObject({
    version: 1,
    before: 0,
    hash: drafted.hash,
    gain: 0,
    lose: 1,
    rights: [
      { role: "agent", action: "close", effect: "lost", accounts: 1 },
      { role: "supervisor", accounts: 0 },
      { role: "bot", accounts: 0 },
    ],
    staff: [{ id: agent.user, role: "agent", username: expect.stringMatching(/^agent-/) }],
  });
  const unnamed = await admin.request("GET", "/v1/policy/versions/1/preview");
  expect(unnamed.body.staff).toEqual([{ id: agent.user, role: "agent", username: null }]);

  expect(await approve(admin, drafted)).toMatchObject({
    status: 403,
    body: { code: "own_approval" },
  });
  for (const role of ["agent", "auditor"] as const) {
    const other = await staffDevice(server, role, tenant);
    expect(await approve(other, drafted)).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
  }
  const other = { ...drafted, hash: Buffer.alloc(32).toString("base64url") };
  expect(await approve(officer, other)).toMatchObject({
    status: 409,
    body: { code: "approval_changed" },
  });
  expect((await approve(officer, drafted)).status).toBe(200);
  expect(await approve(officer, drafted)).toMatchObject({
    status: 409,
    body: { code: "approval_used" },
  });
  expect(await closeConversation(agent, conversations[1]!)).toMatchObject({
    status: 403,
    body: { code: "forbidden" },
  });

  await inForce(admin, officer, { restores: 0, reason: "it was a mistake" });
  expect((await closeConversation(agent, conversations[1]!)).status).toBe(200);
  const { body } = await officer.request("GET", "/v1/policy/versions");
  expect(body.versions).toMatchObject([
    { version: 2, state: "in_force", requester: admin.user, approver: officer.user },
    { version: 1, state: "superseded" },
  ]);

  const entries = (await server.auditEntries(tenant)).filter(({ action }) =>
    String(action).startsWith("policy."),
  );
  const hash = Buffer.from(drafted.hash, "base64url").toString("hex");
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "policy.approve",
      outcome: "success",
      decision: { allowed: true, reasons: ["second_person"] },
      details: expect.objectContaining({
        version: 1,
        hash,
        requester: admin.user,
        gain: 0,
        // Another agent was created after the preview.
        lose: 2,
        rights: [
          "agent conversation.close lost",
          "supervisor conversation.close lost",
          "bot conversation.close lost",
        ],
      }),
    }),
  );
  expect(entries.filter(({ action }) => action === "policy.effective")).toHaveLength(2);
  expect(
    entries.filter(({ outcome }) => outcome === "refused").map(({ reason }) => reason),
  ).toEqual(["own_approval", "forbidden", "forbidden", "approval_changed", "approval_used"]);
});

test("a version decides on both nodes from the same moment, also about messages", async () => {
  const { tenant, admin, officer } = await arrange();
  const other = await server.startNode();
  try {
    const [customer, agent, second] = [
      await customerDevice(server, undefined, tenant),
      await staffDevice(server, "agent", tenant),
      await staffDevice(server, "agent", tenant),
    ];
    const id = await createConversation(customer, [agent, second]);
    const sockets = [
      [await RelaySocket.open(server, agent), [customer, second]],
      [await RelaySocket.open(other, second), [customer, agent]],
    ] as const;
    // Both nodes have the conversation in memory, and know the policy.
    for (const [socket, others] of sockets)
      expect(await socket.post(messageTo(id, [...others]))).toHaveProperty("seq");
    await inForce(admin, officer, off("conversation.write"));
    for (const [socket, others] of sockets)
      expect(await socket.post(messageTo(id, [...others]))).toMatchObject({ code: "forbidden" });
    await inForce(admin, officer, { restores: 0, reason: "a test" });
    for (const [socket, others] of sockets) {
      expect(await socket.post(messageTo(id, [...others]))).toHaveProperty("seq");
      await socket.close();
    }
  } finally {
    await other.close();
  }
});

test("a request that was authenticated under another version is refused in its transaction", async () => {
  const { tenant, admin, officer } = await arrange();
  await inForce(admin, officer, off("conversation.close"));
  const { rows } = await server.database.owner.query<{ id: never }>(
    "select id from sealdesk.sessions where user_id = $1",
    [admin.user],
  );
  const stale = {
    tenant: tenant.id,
    user: admin.user,
    role: "admin",
    policy: defaultPolicy,
    signIn: unknownSignIn,
    device: admin.id,
    session: rows[0]!.id,
    method: "password",
  } as const;
  const resource = { type: "tenant", id: tenant.id } as const;
  const act = audited(deps(), stale, { action: "staff.list", resource }, async () => undefined);
  await expect(act).rejects.toMatchObject({ code: "policy_changed" });
});

test("of two approvals at the same time, one lets the version take effect", async () => {
  const { tenant, admin, officer } = await arrange();
  const second = await staffDevice(server, "compliance_officer", tenant);
  const { body } = await draft(admin, off("conversation.close"));
  const answers = await Promise.all([approve(officer, body), approve(second, body)]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
  expect(answers.find(({ status }) => status === 409)?.body.code).toMatch(
    /^(approval_used|policy_changed)$/,
  );
  const taken = (await server.auditEntries(tenant)).filter(
    ({ action, outcome }) => action === "policy.approve" && outcome === "success",
  );
  expect(taken).toHaveLength(1);
});

test("an operator does not approve their own draft, nor anybody an old or an altered one", async () => {
  const { tenant } = await arrange();
  const { version, hash } = await draftVersion(deps(), operator(tenant, "ann"), proposed);
  const approving = (name: string, nowMs?: number) =>
    approveVersion(deps(nowMs), operator(tenant, name), { version, hash });
  await expect(approving("ann")).rejects.toMatchObject({ code: "own_approval" });
  const later = server.clock.now() + 7 * 86_400_000 + 1_000;
  await expect(approving("ben", later)).rejects.toMatchObject({ code: "approval_expired" });
  const { owner } = server.database;
  const begin = (ms: number | null) =>
    owner.query("update sealdesk.policy_versions set begins_at_ms = $2 where tenant = $1", [
      tenant.id,
      ms,
    ]);
  await begin(1);
  await expect(approving("ben")).rejects.toMatchObject({ code: "approval_changed" });
  await begin(null);
  await owner.query(
    `update sealdesk.policy_versions set changes = '{"off": [], "add": []}' where tenant = $1`,
    [tenant.id],
  );
  await expect(approving("ben")).rejects.toMatchObject({ code: "policy_unreadable" });
});

test("the database itself admits one answer to a request, by another person", async () => {
  const { tenant } = await arrange();
  const { version, hash } = await draftVersion(deps(), operator(tenant, "ann"), proposed);
  const asApplication = (sql: string) =>
    inTransaction(server.database.pool, tenant.id, (client) => client.query(sql));
  await expect(
    asApplication("update approvals set approver = requester, executed_at_ms = 1"),
  ).rejects.toMatchObject({ code: "23514" });
  await approveVersion(deps(), operator(tenant, "ben"), { version, hash });
  for (const sql of [
    "update approvals set approver = 'operator:eve', executed_at_ms = 1",
    "update approvals set withdrawn_at_ms = 1",
    "select where sealdesk.take_effect(1) is not null",
  ])
    expect((await asApplication(sql)).rowCount).toBe(0);
  await expect(asApplication("update policy_versions set changes = '{}'")).rejects.toMatchObject({
    code: "42501",
  });
});

test("a version that begins later can be withdrawn before, and is recorded when it takes effect", async () => {
  const { tenant } = await arrange();
  const soon = server.clock.now() + 3_600_000;
  const later = async () => {
    const { version, hash } = await draftVersion(deps(), operator(tenant, "ann"), {
      ...proposed,
      beginsAtMs: soon,
    });
    const fromMs = await approveVersion(deps(), operator(tenant, "ben"), { version, hash });
    expect(fromMs).toBe(soon);
    return version;
  };
  const current = () =>
    inTransaction(server.database.pool, tenant.id, async (client) => ({
      version: (await new Policies().inForce(client, tenant.id)).version,
      recorded: await recordEffective(client, tenant.id, server.clock.now()),
    }));
  await withdrawVersion(deps(), operator(tenant, "ann"), await later());
  const second = await later();
  expect(await current()).toEqual({ version: 0, recorded: 0 });
  // An hour later. The withdrawn version never takes effect.
  await server.database.owner.query(
    "update sealdesk.policy_versions set effective_from_ms = effective_from_ms - 3700000 where tenant = $1",
    [tenant.id],
  );
  expect(await current()).toEqual({ version: second, recorded: 1 });
  expect(await current()).toEqual({ version: second, recorded: 0 });
  await expect(withdrawVersion(deps(), operator(tenant, "ann"), second)).rejects.toMatchObject({
    code: "policy_version_closed",
  });
});

test.each<[string, object]>([
  ["no changes", { reason: "a test" }],
  ["changes and a version to restore", { ...off(), restores: 0 }],
  ["a member that does not exist", { ...off(), approver: "me" }],
  ["a reason of two lines", { ...off(), reason: "one\ntwo" }],
  ["no reason", { changes: { off: [], add: [] } }],
])("a draft with %s is not of the documented form", async (_what, body) => {
  const admin = await staffDevice(server, "admin");
  expect(await draft(admin, body)).toMatchObject({
    status: 400,
    body: { code: "invalid_request" },
  });
});

test.each<[string, unknown]>([
  ["a member that does not exist", { id: "local.x", tenant: randomUUID() }],
  ["an id of a default rule", { id: "conversation.read" }],
  ["a role that does not exist", { id: "local.x", roles: ["root"] }],
  ["a prototype", JSON.parse('{"__proto__": {"roles": ["admin"]}}')],
  ["a prototype as a condition", { conditions: JSON.parse('{"__proto__": "x"}') as unknown }],
  ["an operator that does not exist", { conditions: { state: { $where: "1" } } }],
  ["a right over the policy", { resource: "policy", actions: ["approve"], narrows: undefined }],
])("a rule with %s is refused", async (_what, changes) => {
  const admin = await staffDevice(server, "admin");
  const rule = {
    id: "local.x",
    narrows: "conversation.read",
    actions: ["read"],
    roles: ["agent"],
    conditions: {},
    means: "Always.",
    ...(changes as object),
  };
  // A copy by spread would call the setter of `__proto__`.
  const add = [Object.hasOwn(changes as object, "__proto__") ? changes : rule];
  const body = { changes: { off: [], add }, reason: "a test" };
  expect(await draft(admin, body)).toMatchObject({ status: 400, body: { code: "invalid_policy" } });
});

test("a version that was altered in the database decides nothing, until another one replaces it", async () => {
  const { tenant, admin, officer } = await arrange();
  await inForce(admin, officer, off("conversation.close"));
  await server.database.owner.query(
    `update sealdesk.policy_versions set changes = '{"off": [], "add": []}' where tenant = $1`,
    [tenant.id],
  );
  const fresh = await server.startNode();
  const read = async () => {
    const { token } = admin;
    const dpop = admin.proof("GET", "/v1/staff", { token });
    const headers = { dpop, authorization: `DPoP ${token}` };
    return (await fetch(`${fresh.url}/v1/staff`, { headers })).status;
  };
  expect(await read()).toBe(503);
  const empty = await draftVersion(deps(), operator(tenant, "ann"), {
    ...proposed,
    content: { restores: 0 },
  });
  await approveVersion(deps(), operator(tenant, "ben"), empty);
  expect(await read()).toBe(200);
  await fresh.close();
});

test("tenants do not see each other's versions", async () => {
  const [one, two] = [await arrange(), await arrange()];
  await draft(one.admin, off("conversation.close"));
  expect(await two.officer.request("GET", "/v1/policy/versions")).toMatchObject({
    body: { versions: [] },
  });
  expect(await two.officer.request("GET", "/v1/policy/versions/1")).toMatchObject({
    status: 404,
    body: { code: "policy_version_not_found" },
  });
});
