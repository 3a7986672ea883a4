import { randomUUID } from "node:crypto";
import { attackTest } from "../../support/attack-test.ts";
import { approve, askForAccess, forbidJoining, type Requested } from "../../support/break-glass.ts";
import { commandTells, nodeFinds, type Change } from "../../support/changed-state.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { putNoticeInForce } from "../../support/notices.ts";
import { startScimProvider, type ScimProvider } from "../../support/provisioning.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { restrict } from "../../support/restrictions.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { enrolTotp } from "../../support/second-factor.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let idp: ScimProvider;
let stranger: TestStaff;
let linked: TestStaff;
let link: Buffer;
let proven: TestDevice;
let signedOut: string;
let revoked: string;
let unproven: string;
let officers: readonly TestDevice[];
let access: Requested;
let waiting: Requested;
let conversation: string;
let person: string;
let leads: string;
const planted = randomUUID();

beforeAll(async () => {
  server = await startTestServer({ metrics: { host: "127.0.0.1", port: 0 } }, { stateEveryMs: 20 });
  const { tenant } = server;
  proven = new TestDevice(server);
  await enrolTotp(server, proven, await server.createStaff("agent"));
  const leaving = new TestDevice(server);
  await leaving.signInAsStaff(await server.createStaff("agent"));
  expect((await leaving.request("DELETE", "/v1/sessions/current")).status).toBe(204);
  const sessions = "select id from sealdesk.sessions where revoked_at_ms is not null";
  signedOut = (await sql(sessions)).rows[0]?.["id"];
  const [admin, lost] = [await staffDevice(server, "admin"), await staffDevice(server)];
  expect((await admin.request("DELETE", `/v1/devices/${lost.id}`)).status).toBe(204);
  const ended = `select id from sealdesk.sessions where user_id = '${lost.user}'`;
  revoked = (await sql(ended)).rows[0]?.["id"];
  const auditor = await staffDevice(server, "auditor");
  const factor = ["tenant", "second-factor", "--slug", tenant.slug, "--role", "auditor", "--set"];
  for (const need of ["required", "optional"])
    expect(await runSealdesk(server, [...factor, need])).toMatchObject({ code: 0 });
  const cut = `select id from sealdesk.sessions where user_id = '${auditor.user}'`;
  unproven = (await sql(cut)).rows[0]?.["id"];
  stranger = await server.createStaff("agent");
  const disable = ["user", "disable", "--tenant", tenant.slug, "--username", stranger.username];
  expect(await runSealdesk(server, disable)).toMatchObject({ code: 0 });
  await putNoticeInForce(server);
  await breakGlass();
  linked = await server.createStaff("agent");
  const of = ["--tenant", tenant.slug, "--username", linked.username];
  expect(await runSealdesk(server, ["user", "reset-password", ...of])).toMatchObject({ code: 0 });
  const monitor = ["audit", "monitor", "add", "--tenant", tenant.slug, "--name", "watcher"];
  expect(await runSealdesk(server, [...monitor, "--days", "1"])).toMatchObject({ code: 0 });
  link = (await sql("select token_hash from sealdesk.password_resets")).rows[0]?.["token_hash"];
  const privacy = await staffDevice(server, "privacy_officer");
  const limited = await customerDevice(server);
  await createConversation(limited, [await staffDevice(server)]);
  expect((await restrict(privacy, limited.user)).status).toBe(201);
  const consumer = ["--tenant", tenant.slug, "--url", "https://crm.example/erasures"];
  const add = ["erase", "consumer", "add", "--name", "crm", ...consumer];
  expect(await runSealdesk(server, add)).toMatchObject({ code: 0 });
  idp = await startScimProvider(server);
  person = await idp.person();
  await idp.group("support", person);
  leads = await idp.group("leads");
  await idp.group("readers");
  // From here on, the entries have places.
  await until(async () => (await sql("select from audit.pending")).rows.length === 0);
});
afterAll(async () => {
  await idp.close();
  await server.close();
});

/** One access that is granted, and one that waits. */
async function breakGlass() {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  const asker = await staffDevice(server);
  officers = [
    await staffDevice(server, "compliance_officer"),
    await staffDevice(server, "supervisor"),
    await staffDevice(server, "compliance_officer"),
  ];
  const talk = await createConversation(customer, [agent]);
  conversation = talk;
  await forbidJoining(server, server.tenant);
  access = (await askForAccess(asker, talk)).body;
  for (const officer of officers.slice(0, 2))
    expect((await approve(officer, access)).status).toBe(200);
  const other = await staffDevice(server);
  waiting = (await askForAccess(other, talk)).body;
}

const sql = (text: string) => server.database.owner.query(text);
const NO_ENTRY = ".*, but no entry of the log does";
const PERSON = () => `where user_id = '${person}'`;

const changes: Readonly<Record<string, Change>> = {
  "the text of a privacy notice": {
    meddle: () => `update sealdesk.notice_texts set text = text || '!' where version = 1`,
    putRight: () => `update sealdesk.notice_texts set text = rtrim(text, '!') where version = 1`,
    told: () => /sealdesk\.notices 1 says texts \w+, from \d+, but entry \d+ says texts/,
  },
  "when a privacy notice took effect": {
    meddle: () =>
      "update sealdesk.notices set effective_from_ms = effective_from_ms - 1 where version = 1",
    putRight: () =>
      "update sealdesk.notices set effective_from_ms = effective_from_ms + 1 where version = 1",
    told: () => /sealdesk\.notices 1 says .*, from \d+, but entry \d+ says .*, from \d+/,
  },
  "a session that nobody opened": {
    meddle: () => `insert into sealdesk.sessions
      (id, tenant, user_id, device_key_thumbprint, method, created_at_ms, expires_at_ms)
      values ('${planted}', '${server.tenant.id}', '${proven.user}', 'own', 'password', 1, 9007199254740991)`,
    putRight: () => `delete from sealdesk.sessions where id = '${planted}'`,
    told: () => new RegExp(`sealdesk\\.sessions ${planted} says account ${proven.user}${NO_ENTRY}`),
  },
  "a session that has ended": {
    meddle: () => `update sealdesk.sessions set revoked_at_ms = null where id = '${signedOut}'`,
    putRight: () => `update sealdesk.sessions set revoked_at_ms = 1 where id = '${signedOut}'`,
    told: () => new RegExp(`sealdesk\\.sessions ${signedOut} says account ${NO_ENTRY}`),
  },
  "a session that ended with its device": {
    meddle: () => `update sealdesk.sessions set revoked_at_ms = null where id = '${revoked}'`,
    putRight: () => `update sealdesk.sessions set revoked_at_ms = 1 where id = '${revoked}'`,
    told: () => new RegExp(`sealdesk\\.sessions ${revoked} says account ${NO_ENTRY}`),
  },
  "a session that ended when its role needed a second factor": {
    meddle: () => `update sealdesk.sessions set revoked_at_ms = null where id = '${unproven}'`,
    putRight: () => `update sealdesk.sessions set revoked_at_ms = 1 where id = '${unproven}'`,
    told: () => new RegExp(`sealdesk\\.sessions ${unproven} says account ${NO_ENTRY}`),
  },
  "how long a session lasts": {
    meddle: () =>
      `update sealdesk.sessions set expires_at_ms = expires_at_ms + 1 where user_id = '${proven.user}'`,
    putRight: () =>
      `update sealdesk.sessions set expires_at_ms = expires_at_ms - 1 where user_id = '${proven.user}'`,
    told: () => /sealdesk\.sessions .* until \d+.*, but entry \d+ says account .* until \d+/,
  },
  "when a second factor was proved": {
    meddle: () =>
      `update sealdesk.sessions set factor_at_ms = factor_at_ms + 60000 where user_id = '${proven.user}'`,
    putRight: () =>
      `update sealdesk.sessions set factor_at_ms = factor_at_ms - 60000 where user_id = '${proven.user}'`,
    told: () => /second factor at \d+, but entry \d+ says .*second factor at \d+/,
  },
  "who disabled an account": {
    meddle: () =>
      `update sealdesk.users set disabled_by = '${planted}' where id = '${stranger.id}'`,
    putRight: () =>
      `update sealdesk.users set disabled_by = 'operator' where id = '${stranger.id}'`,
    told: () => /disabled by an identity provider, but entry \d+ says disabled by the operator/,
  },
  "a request in the name of another person": {
    meddle:
      () => `insert into sealdesk.approvals (tenant, id, action, parameters_hash, reason, requester,
        requested_at_ms, expires_at_ms)
      values ('${server.tenant.id}', '${planted}', 'directory.reset_account', sha256(''), 'own', '${stranger.id}',
        1, 9007199254740991)`,
    putRight: () => `delete from sealdesk.approvals where id = '${planted}'`,
    told: () => new RegExp(`sealdesk\\.approvals ${planted} says hash ${NO_ENTRY}`),
  },
  "the number of people who must approve": {
    meddle: () => `update sealdesk.approvals set needed = 1 where id = '${waiting.id}'`,
    putRight: () => `update sealdesk.approvals set needed = 2 where id = '${waiting.id}'`,
    told: () => /sealdesk\.approvals .*, needs 1, but entry \d+ says .*, needs 2/,
  },
  "who asked": {
    meddle: () =>
      `update sealdesk.approvals set requester = '${stranger.id}' where id = '${waiting.id}'`,
    putRight: () =>
      `update sealdesk.approvals a set requester = b.requester::text from sealdesk.break_glass b
       where b.id = a.id and a.id = '${waiting.id}'`,
    told: () => new RegExp(`asked by ${stranger.id}, needs 2, but entry \\d+ says hash`),
  },
  "an approval that nobody gave": {
    meddle:
      () => `insert into sealdesk.approval_answers (tenant, approval, approver, answered_at_ms)
      values ('${server.tenant.id}', '${waiting.id}', '${officers[0]?.user}', 1)`,
    putRight: () => `delete from sealdesk.approval_answers where approval = '${waiting.id}'`,
    told: () => new RegExp(`approval_answers ${waiting.id} .* says approved${NO_ENTRY.slice(2)}`),
  },
  "an access in an emergency that goes on": {
    meddle: () =>
      `update sealdesk.break_glass set granted_until_ms = granted_until_ms + 1 where id = '${access.id}'`,
    putRight: () =>
      `update sealdesk.break_glass set granted_until_ms = granted_until_ms - 1 where id = '${access.id}'`,
    told: () => /sealdesk\.break_glass .*, until \d+, but entry \d+ says .*, until \d+/,
  },
  "an access in an emergency that nobody granted": {
    meddle: () =>
      `update sealdesk.break_glass set granted_until_ms = 9007199254740991 where id = '${waiting.id}'`,
    putRight: () =>
      `update sealdesk.break_glass set granted_until_ms = null where id = '${waiting.id}'`,
    told: () => new RegExp(`break_glass ${waiting.id} says conversation .*, until \\d+, but entry`),
  },
  "a link for a new password that nobody made": {
    meddle:
      () => `insert into sealdesk.password_resets (tenant, user_id, token_hash, created_at_ms, expires_at_ms)
      values ('${server.tenant.id}', '${proven.user}', sha256('own'), 1, 2)`,
    putRight: () => `delete from sealdesk.password_resets where user_id = '${proven.user}'`,
    told: () => new RegExp(`password_resets ${proven.user} says token ${NO_ENTRY}`),
  },
  "the link for a new password of somebody else": {
    meddle: () =>
      `update sealdesk.password_resets set token_hash = sha256(token_hash) where user_id = '${linked.id}'`,
    putRight: () =>
      `update sealdesk.password_resets set token_hash = '\\x${link.toString("hex")}' where user_id = '${linked.id}'`,
    told: () => new RegExp(`password_resets ${linked.id} says token .*, but entry \\d+ says token`),
  },
  "a token that reads the log": {
    meddle:
      () => `insert into sealdesk.audit_monitors (tenant, name, token_hash, created_at_ms, expires_at_ms)
      values ('${server.tenant.id}', 'own', sha256('own'), 1, 9007199254740991)`,
    putRight: () => "delete from sealdesk.audit_monitors where name = 'own'",
    told: () => new RegExp(`audit_monitors own says token ${NO_ENTRY}`),
  },
  "a member of a group": {
    meddle: () => `insert into sealdesk.provisioned_members
      select tenant, provider, '${leads}', user_id from sealdesk.provisioned_people ${PERSON()}`,
    putRight: () => `delete from sealdesk.provisioned_members where group_id = '${leads}'`,
    told: () => new RegExp(`provisioned_members .* ${leads} ${person} says member, but no entry`),
  },
  "a member of a group who is gone": {
    meddle: () => `create table public.kept as select * from sealdesk.provisioned_members;
      delete from sealdesk.provisioned_members ${PERSON()}`,
    putRight: () => `insert into sealdesk.provisioned_members select * from public.kept;
      drop table public.kept`,
    told: () => /provisioned_members .* is gone, but entry \d+ says member/,
  },
  "the name of a group, and so the role that it gives": {
    meddle: () =>
      `update sealdesk.provisioned_groups set display_name = 'leads' where display_name = 'support'`,
    putRight: () =>
      `update sealdesk.provisioned_groups set display_name = 'support'
       where display_name = 'leads' and id <> '${leads}'`,
    told: () => /provisioned_groups .* says gives supervisor, .*, but entry \d+ says gives agent/,
  },
  "the name of a group that gives no role, and so its teams": {
    meddle: () =>
      `update sealdesk.provisioned_groups set display_name = 'claims' where display_name = 'readers'`,
    putRight: () =>
      `update sealdesk.provisioned_groups set display_name = 'readers' where display_name = 'claims'`,
    told: () =>
      /provisioned_groups .* says gives no role, name \w+, but entry \d+ says gives no role/,
  },
  "that a person of an identity provider is active": {
    meddle: () => `update sealdesk.provisioned_people set active = false ${PERSON()}`,
    putRight: () => `update sealdesk.provisioned_people set active = true ${PERSON()}`,
    told: () => /provisioned_people .* says inactive, .*, but entry \d+ says active/,
  },
  "whom an identity provider means": {
    meddle: () =>
      `update sealdesk.provisioned_people set identity_index = sha256(identity_index) ${PERSON()}`,
    putRight: () => `update sealdesk.provisioned_people p set identity_index = u.identity_index
      from sealdesk.users u where u.id = p.user_id and u.id = '${person}'`,
    told: () =>
      /provisioned_people .* says active, identity \w+, but entry \d+ says active, identity/,
  },
  "that a conversation is restricted": {
    meddle: () => `create table public.limited as select * from sealdesk.restricted_conversations;
      delete from sealdesk.restricted_conversations`,
    putRight: () => `insert into sealdesk.restricted_conversations select * from public.limited;
      drop table public.limited`,
    told: () => /restricted_conversations of the case \S+ is gone, but entry \d+ says \S+\./,
  },
  "who is told of erasures": {
    meddle: () => `update sealdesk.erasure_consumers set name = 'own'`,
    putRight: () => `update sealdesk.erasure_consumers set name = 'crm'`,
    told: () => /erasure_consumers (crm is gone|own says is told of erasures), but/,
  },
  "that a group gave a role": {
    meddle: () => `update sealdesk.provisioned_people set gave_role = false ${PERSON()}`,
    putRight: () => `update sealdesk.provisioned_people set gave_role = true ${PERSON()}`,
    told: () => /provisioned_people .* gave_role is gone, but entry \d+ says a group gave a role/,
  },
};

attackTest.each(
  {
    attempt:
      "A session of staff, a request that needs another person, an access in an emergency, who disabled an account, a link for a new password, a token that reads the log, a privacy notice, a restriction, who is told of erasures, or what an identity provider wrote over SCIM is changed by SQL",
    foundBy: "each node; `sealdesk audit reconcile`",
    when: "state",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  changes,
  (change) => nodeFinds(server, change),
);

test("the command lists them", async () => {
  const all = Object.values(changes);
  // Those that change the same row are left out.
  const some = all.filter((_, at) => at % 3 === 0);
  for (const { meddle } of some) await sql(meddle());
  await commandTells(server, some);
  for (const { putRight } of some) await sql(putRight());
});

test("what ends and is answered leaves no difference", async () => {
  const [, , officer] = officers;
  const reconcile = () =>
    runSealdesk(server, ["audit", "reconcile", "--tenant", server.tenant.slug]);
  for (const [method, path, body] of [
    ["POST", `/v1/approvals/${waiting.id}/refusal`, undefined],
    ["POST", `/v1/break-glass/${access.id}/end`, undefined],
    ["POST", `/v1/break-glass/${access.id}/review`, { finding: "justified" }],
  ] as const)
    expect((await officer?.request(method, path, { body }))?.status).toBe(204);
  await putNoticeInForce(server);
  expect((await idp.scim("DELETE", `Groups/${leads}`)).status).toBe(204);
  expect((await idp.scim("DELETE", `Users/${person}`)).status).toBe(204);
  expect(await reconcile()).toMatchObject({ code: 0, err: "" });
  const remove = ["idp", "remove", "--tenant", server.tenant.slug, "--name", idp.name];
  expect(await runSealdesk(server, remove)).toMatchObject({ code: 0 });
  expect(await reconcile()).toMatchObject({ code: 0, err: "" });
});

test("a classification that somebody changed or moved in time is found by the command", async () => {
  const [officer] = officers;
  const path = `/v1/conversations/${conversation}/classification`;
  const classified = await officer?.request("PUT", path, { body: { team: "sales" } });
  expect(classified?.status).toBe(200);
  const reconcile = () =>
    runSealdesk(server, ["audit", "reconcile", "--tenant", server.tenant.slug]);
  expect(await reconcile()).toMatchObject({ code: 0 });
  for (const [change, told] of [
    [
      "update sealdesk.classifications set team = 'other'",
      /says .*team other.*, but entry \d+ says/,
    ],
    [
      "update sealdesk.classifications set team = 'sales', from_ms = 1",
      /is gone, but entry \d+ says/,
    ],
  ] as const) {
    await sql(change);
    expect(await reconcile()).toMatchObject({ code: 1, out: expect.stringMatching(told) });
  }
});
