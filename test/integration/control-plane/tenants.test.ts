import { randomBytes, randomUUID } from "node:crypto";
import pg from "pg";
import type { TenantId, ConversationId, UserId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import { disableAccount } from "../../../identity/accounts/disable-account.ts";
import { keyLogOf } from "../../../identity/transparency/key-log.ts";
import { changeMembership } from "../../../identity/teams/change-membership.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { actBy, creationBody, postAct } from "../../support/acts.ts";
import { approve, askForAccess, forbidJoining } from "../../support/break-glass.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { refuseCodes, startDishonestProvider } from "../../support/dishonest-provider.ts";
import { breachReached, breachStep, openBreachBy } from "../../support/breaches.ts";
import { askToMatch, deferByHold, placeHold } from "../../support/holds.ts";
import { readyExport } from "../../support/exports.ts";
import { register } from "../../support/identity-provider.ts";
import { askByEmail, askFor, decide, initialRules, setRules } from "../../support/requests.ts";
import { appeal, decideReport, reportedMessage } from "../../support/reports.ts";
import { restrict } from "../../support/restrictions.ts";
import { staffWithPasskey } from "../../support/passkey.ts";
import { startScimProvider } from "../../support/provisioning.ts";
import { enrolTotp } from "../../support/second-factor.ts";
import { acknowledge, toldDevice } from "../../support/told-device.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { consentCalls } from "../security/consent-calls.ts";

let server: TestServer;
let elsewhere: TestTenant;
let intruder: TestDevice;
let victim: TestDevice;
let conversation: ConversationId;

beforeAll(async () => {
  server = await startTestServer();
  elsewhere = await server.createTenant();
  // Before holds and locks keep anything.
  const told = await toldDevice(server);
  expect((await acknowledge(told)).status).toBe(204);
  await server.database.owner.query(
    `insert into sealdesk.erasure_consumers values ($1, 'warehouse', '', $2, 0)`,
    [server.tenant.id, newId()],
  );
  await server.database.owner.query(
    `insert into sealdesk.erasure_events values ($1, $2, 'warehouse', 0)`,
    [server.tenant.id, told.id],
  );
  // The most that staff may do, in another tenant.
  intruder = await staffDevice(server, "supervisor", elsewhere);
  victim = await customerDevice(server);
  const agent = await staffDevice(server);
  const admin = await staffDevice(server, "admin");
  const reset = await admin.request("POST", `/v1/users/${agent.user}/password-reset`);
  expect(reset.status).toBe(201);
  await enrolTotp(server, new TestDevice(server), await server.createStaff("agent"));
  await staffWithPasskey(server);
  const body = await creationBody(victim, [agent.user]);
  conversation = body.id;
  const created = await victim.request("POST", "/v1/conversations", { body });
  expect(created.status).toBe(201);
  await forbidJoining(server, server.tenant);
  const asked = await askForAccess(await staffDevice(server), conversation);
  const officer = await staffDevice(server, "compliance_officer");
  expect((await approve(officer, asked.body)).status).toBe(200);
  // Nothing listens there, so alerts wait.
  const webhook = { url: "http://127.0.0.1:9/" };
  expect((await officer.request("PUT", "/v1/alerts/webhook", { body: webhook })).status).toBe(200);
  const hold = await placeHold(server, officer, officer, { conversation });
  await deferByHold(server, server.tenant, victim, hold.body.id);
  const retained = [
    await officer.request("PUT", `/v1/conversations/${conversation}/classification`, { body: {} }),
    await officer.request("POST", "/v1/retention/locks", { body: { days: 1, citation: "a test" } }),
    await officer.request("POST", "/v1/retention/versions", {
      body: { rules: [], reason: "a test" },
    }),
  ];
  expect(retained.map(({ status }) => status)).toEqual([200, 201, 201]);
  const request = await askFor(victim, "access");
  expect((await decide(officer, request.body.id, "accepted")).status).toBe(204);
  await readyExport(server, victim, request.body.id as string);
  expect((await setRules(officer, initialRules)).status).toBe(200);
  expect((await askByEmail(officer, "erasure")).status).toBe(201);
  const breach = await openBreachBy(server, officer);
  await breachReached(officer, breach.body.id);
  const waived = { step: "waive_notice", duty: "gdpr.subjects", ground: "a test" };
  expect((await breachStep(officer, breach.body.id, waived)).status).toBe(204);
  const reported = await reportedMessage(server);
  const muting = { decision: "mute", hours: 1 };
  const moderator = await staffDevice(server, "moderator");
  expect((await decideReport(moderator, reported.id, muting)).status).toBe(200);
  expect((await appeal(reported.agent, reported.id)).status).toBe(204);
  const of = (user: UserId) => ({ tenant: server.tenant.id, account: { user }, nowMs: 0 });
  const disabled = of((await server.createStaff("agent")).id);
  await disableAccount(server.database.ownerUrl, { usernameIndexes: () => [] }, disabled);
  const member = { ...of(agent.user), team: "claims", isMember: true };
  await changeMembership(server.database.ownerUrl, { usernameIndexes: () => [] }, member);
  const consents = consentCalls({ server, customer: victim, agent });
  for (const route of ["POST /v1/notices/views", "POST /v1/consents"])
    expect((await (await consents[route]!())()).status).toBeLessThan(300);
  const { user: account } = await customerDevice(server);
  await askToMatch(server, { hold: hold.body.id, former: victim.user, account });
  expect((await restrict(officer, victim.user)).status).toBe(201);
  const scim = await startScimProvider(server);
  await scim.group("support", await scim.person());
  await scim.close();
  const provider = await startDishonestProvider();
  refuseCodes(provider);
  await register(server, server.tenant, { name: "idp", issuer: provider.issuer });
  await provider.close();
});
afterAll(() => server.close());

describe("over HTTP, another tenant's things are not there", () => {
  test.each<[string, () => string, () => string, string]>([
    ["a user", () => "GET", () => `/v1/users/${victim.user}/devices`, "user_not_found"],
    [
      "a device's bundle",
      () => "POST",
      () => `/v1/devices/${victim.id}/bundle`,
      "device_not_found",
    ],
    ["a device to revoke", () => "DELETE", () => `/v1/devices/${victim.id}`, "device_not_found"],
    [
      "a conversation",
      () => "GET",
      () => `/v1/conversations/${conversation}`,
      "conversation_not_found",
    ],
  ])("%s", async (_what, method, path, code) => {
    const reply = await intruder.request(method(), path());
    expect([reply.status, reply.body.code]).toEqual([404, code]);
  });

  test.each<["member_added" | "member_removed" | "closed", () => TestDevice]>([
    ["member_added", () => intruder],
    ["member_removed", () => victim],
    ["closed", () => intruder],
  ])("a conversation to change: %s", async (kind, subject) => {
    const act = await actBy(intruder, conversation, kind, subject().user);
    const reply = await postAct(intruder, { ...act, kind });
    expect([reply.status, reply.body.code]).toEqual([404, "conversation_not_found"]);
  });

  test("lists hold one's own tenant alone", async () => {
    const staff = (await intruder.request("GET", "/v1/staff")).body.staff as { id: string }[];
    expect(staff.map(({ id }) => id)).toEqual([intruder.user]);
    expect((await intruder.request("GET", "/v1/conversations")).body.conversations).toEqual([]);
  });

  test("a token of one tenant does not become another's by its claims", async () => {
    const part = intruder.token.split(".");
    const claims = JSON.parse(Buffer.from(part[1] ?? "", "base64url").toString()) as object;
    const moved = Buffer.from(JSON.stringify({ ...claims, tid: victim.tenant })).toString(
      "base64url",
    );
    const reply = await intruder.request("GET", "/v1/staff", {
      token: [part[0], moved, part[2]].join("."),
    });
    expect(reply.body.code).toBe("invalid_token");
  });
});

describe("in the database, the server's login cannot reach another tenant", () => {
  const tables = [
    "sealdesk.users",
    "sealdesk.devices",
    "sealdesk.device_lists",
    "sealdesk.signed_prekeys",
    "sealdesk.one_time_prekeys",
    "sealdesk.sessions",
    "sealdesk.suppressions",
    "sealdesk.erasures",
    "sealdesk.erasure_consumers",
    "sealdesk.erasure_events",
    "sealdesk.erasure_items",
    "sealdesk.erasure_notices",
    "sealdesk.erasure_stores",
    "sealdesk.breaches",
    "sealdesk.breach_subjects",
    "sealdesk.breach_notices",
    "sealdesk.reports",
    "sealdesk.reported_messages",
    "sealdesk.report_decisions",
    "sealdesk.sanctions",
    "sealdesk.report_appeals",
    "sealdesk.erasure_supplements",
    "sealdesk.exports",
    "sealdesk.export_pages",
    "sealdesk.identity_providers",
    "sealdesk.departures",
    "sealdesk.provisioned_people",
    "sealdesk.provisioned_groups",
    "sealdesk.provisioned_members",
    "sealdesk.team_members",
    "sealdesk.alerts",
    "sealdesk.alert_webhooks",
    "sealdesk.alert_deliveries",
    "sealdesk.cases",
    "sealdesk.case_steps",
    "sealdesk.requests",
    "sealdesk.email_requests",
    "sealdesk.request_links",
    "sealdesk.request_receipts",
    "sealdesk.request_rules",
    "sealdesk.approvals",
    "sealdesk.approval_answers",
    "sealdesk.break_glass",
    "sealdesk.holds",
    "sealdesk.hold_items",
    "sealdesk.deferred_erasures",
    "sealdesk.potential_matches",
    "sealdesk.restrictions",
    "sealdesk.restricted_conversations",
    "sealdesk.classifications",
    "sealdesk.retention_versions",
    "sealdesk.retention_locks",
    "sealdesk.notices",
    "sealdesk.notice_texts",
    "sealdesk.notice_views",
    "sealdesk.consents",
    "sealdesk.password_resets",
    "sealdesk.totp_factors",
    "sealdesk.recovery_codes",
    "sealdesk.passkeys",
    "sealdesk.answered_challenges",
    "sealdesk.conversations",
    "sealdesk.members",
    "sealdesk.member_devices",
    "sealdesk.epochs",
    "sealdesk.events",
    "sealdesk.authority_entries",
    "sealdesk.staff_certificates",
    "audit.entries",
  ];
  const asTenant = <T>(tenant: TenantId, work: (client: Client) => Promise<T>) =>
    inTransaction(server.database.pool, tenant, work);

  test.each(tables)("%s shows its rows to its own tenant alone", async (table) => {
    const seen = async (tenant: TenantId) =>
      asTenant(tenant, async (client) => {
        const { rows } = await client.query<{ tenants: TenantId[] }>(
          `select array_agg(distinct tenant) as tenants from ${table}`,
        );
        return rows[0]?.tenants ?? [];
      });
    const own = [server.tenant.id, keyLogOf(server.tenant.id)];
    const shown = await seen(server.tenant.id);
    expect(shown).toContain(server.tenant.id);
    expect(shown.filter((tenant) => !own.includes(tenant))).toEqual([]);
    expect((await seen(elsewhere.id)).filter((tenant) => own.includes(tenant))).toEqual([]);
    expect(await seen(newId<TenantId>())).toEqual([]);
  });

  test("no row is visible without a tenant", async () => {
    for (const table of tables) {
      const { rowCount } = await server.database.pool.query(`select from ${table}`);
      expect([table, rowCount]).toEqual([table, 0]);
    }
  });

  test("a row of another tenant can be neither written nor changed", async () => {
    await expect(
      asTenant(elsewhere.id, (client) =>
        client.query(
          "insert into users (id, tenant, subject_index, created_at_ms) values ($1, $2, $3, 0)",
          [randomUUID(), server.tenant.id, randomBytes(32)],
        ),
      ),
    ).rejects.toThrow(/row-level security/);
    const { rowCount } = await asTenant(elsewhere.id, (client) =>
      client.query("update users set account_key = $2 where id = $1", [
        victim.user,
        randomBytes(32),
      ]),
    );
    expect(rowCount).toBe(0);
  });

  test.each([
    ["become the owner", "set role sealdesk_owner"],
    [
      "make a tenant",
      "insert into sealdesk.tenants (id, slug, name, created_at_ms) values (gen_random_uuid(), 'x', 'x', 0)",
    ],
    ["change a role", "update sealdesk.users set role = 'admin'"],
    ["turn off row-level security", "alter table sealdesk.users disable row level security"],
    ["change the audit log", "update audit.entries set entry = ''"],
    ["empty the audit log", "truncate audit.entries"],
    ["delete messages", "delete from sealdesk.events"],
  ])("it cannot %s", async (_what, statement) => {
    const client = new pg.Client({ connectionString: server.loginUrl });
    await client.connect();
    try {
      await client.query("set role sealdesk_app");
      await expect(client.query(statement)).rejects.toThrow(/permission denied|must be owner/);
    } finally {
      await client.end();
    }
  });
});
