import { randomUUID } from "node:crypto";
import { allowStaffGrants } from "../../../identity/accounts/allow-staff-grants.ts";
import { suspendTenant } from "../../../identity/accounts/suspend-tenant.ts";
import { approveVersion } from "../../../identity/policy/approve-version.ts";
import { draftVersion } from "../../../identity/policy/draft-version.ts";
import { Policies } from "../../../identity/policy/policies.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { arrange, grantBy, postGrant } from "../control-plane/history-requests.ts";
import { attackTest } from "../../support/attack-test.ts";
import { commandTells, isWarned, nodeFinds, type Change } from "../../support/changed-state.ts";
import { customerDevice, TestDevice } from "../../support/device.ts";
import { refuseCodes, startDishonestProvider } from "../../support/dishonest-provider.ts";
import { register } from "../../support/identity-provider.ts";
import { enrolTotp } from "../../support/second-factor.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let agent: TestStaff;
let stranger: TestStaff;
let kept: { readonly password: string; readonly identity: Buffer };
let version: { readonly hash: Uint8Array };
const NOWHERE = "http://127.0.0.1:9/";
const roles = [{ group: "support", role: "agent" }] as const;
beforeAll(async () => {
  server = await startTestServer({ metrics: { host: "127.0.0.1", port: 0 } }, { stateEveryMs: 20 });
  agent = await server.createStaff("agent");
  const provider = await startDishonestProvider();
  refuseCodes(provider);
  await register(server, server.tenant, {
    name: "idp",
    issuer: provider.issuer,
    roles: [...roles],
  });
  await provider.close();
  version = await policyInForce(server);
  stranger = await server.createStaff("agent");
  const link = ["--tenant", server.tenant.slug, "--name", "idp", "--username", agent.username];
  expect(await runSealdesk(server, ["idp", "link", ...link, "--subject", "ada"])).toMatchObject({
    code: 0,
  });
  const { rows } = await server.database.owner.query<typeof kept>(
    "select password_hash as password, identity_index as identity from sealdesk.users where id = $1",
    [agent.id],
  );
  for (const row of rows) kept = row;
  await enrolTotp(server, new TestDevice(server), await server.createStaff("agent"));
  const webhook = ["alerts", "webhook", "set", "--tenant", server.tenant.slug, "--url", NOWHERE];
  expect(await runSealdesk(server, webhook)).toMatchObject({ code: 0 });
  // From here on, the entries have places.
  await until(async () => (await sql("select 1 as id from audit.pending")).rows.length === 0);
});
afterAll(() => server.close());

/** Has two operators make a version of the policy, which is in force at once. */
async function policyInForce({ database, clock, tenant }: TestServer) {
  const deps = { pool: database.pool, now: () => clock.now(), policies: new Policies(), newId };
  const by = (name: string) => ({
    tenant: tenant.id,
    operator: { kind: "system", id: "operator", person: { name, source: "as" } } as const,
  });
  const proposed = { content: { restores: 0 }, reason: "a test", beginsAtMs: null };
  const draft = await draftVersion(deps, by("ann"), proposed);
  await approveVersion(deps, by("ben"), draft);
  return draft;
}

const sql = (text: string) => server.database.owner.query<{ id: string }>(text);
const ofTenant = (change: string) => () =>
  `update sealdesk.tenants set ${change} where id = '${server.tenant.id}'`;
const planted = randomUUID();

const changes: Readonly<Record<string, Change>> = {
  "a role": {
    meddle: () => `update sealdesk.users set role = 'admin' where id = '${agent.id}'`,
    putRight: () => `update sealdesk.users set role = 'agent' where id = '${agent.id}'`,
    told: () =>
      new RegExp(`sealdesk\\.users ${agent.id} role says admin, but entry \\d+ says agent`),
  },
  "an account of staff that nobody created": {
    meddle: () => `insert into sealdesk.users (id, tenant, role, created_at_ms)
      values ('${planted}', '${server.tenant.id}', 'auditor', 0)`,
    putRight: () => `delete from sealdesk.users where id = '${planted}'`,
    told: () =>
      new RegExp(`sealdesk\\.users ${planted} role says auditor, but no entry of the log does`),
  },
  "a role of a group of an identity provider": {
    meddle: () =>
      `update sealdesk.identity_providers set roles = '[{"group": "support", "role": "admin"}]'`,
    putRight: () => `update sealdesk.identity_providers set roles = '${JSON.stringify(roles)}'`,
    told: () =>
      /identity_providers idp says .*role 1: support = admin.*, but entry \d+ says .*support = agent/,
  },
  "a key of customers": {
    meddle: ofTenant(
      `customer_keys = jsonb_set(customer_keys, '{keys,1}', '{"kty":"OKP","crv":"Ed25519","kid":"own","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}')`,
    ),
    putRight: ofTenant("customer_keys = customer_keys #- '{keys,1}'"),
    told: () => /customer_keys says .*own \(.*, but entry 0 says /,
  },
  "a key of customers that is none": {
    meddle: ofTenant(`customer_keys = jsonb_set(customer_keys, '{keys,1}', '{"kty":"?"}')`),
    putRight: ofTenant("customer_keys = customer_keys #- '{keys,1}'"),
    told: () => /customer_keys says something that is not a JWK, but entry 0 says /,
  },
  "a URL of customers' keys": {
    meddle: ofTenant("customer_jwks_url = 'https://evil.example/jwks'"),
    putRight: ofTenant("customer_jwks_url = null"),
    told: () => /customer_jwks_url says https:..evil\.example.jwks, but entry 0 says nothing/,
  },
  "a revoked key": {
    meddle: ofTenant("revoked_customer_kids = '{stolen}'"),
    putRight: ofTenant("revoked_customer_kids = '{}'"),
    told: () => /revoked_customer_kids says stolen, but entry 0 says nothing/,
  },
  "an API key": {
    meddle: () => `insert into sealdesk.api_keys
      (tenant, id, name, scopes, secret_hash, created_at_ms, expires_at_ms)
      values ('${server.tenant.id}', '0123456789abcdef', 'own', '{create_staff}', sha256('own'), 1, 2)`,
    putRight: () => "delete from sealdesk.api_keys",
    told: () => /api_keys says 0123456789abcdef \(create_staff, .*, but entry 0 says nothing/,
  },
  "an origin": {
    meddle: ofTenant("origins = '{https://evil.example}'"),
    putRight: ofTenant("origins = '{}'"),
    told: () => /origins says https:..evil\.example, but entry 0 says nothing/,
  },
  "that staff may show the past": {
    meddle: ofTenant("staff_history_grants = true"),
    putRight: ofTenant("staff_history_grants = false"),
    told: () => /staff_history_grants says allowed, but entry 0 says nothing/,
  },
  "that a role needs no second factor": {
    meddle: ofTenant("second_factor_roles = '{agent}'"),
    putRight: ofTenant("second_factor_roles = '{}'"),
    told: () => /second_factor_roles says agent, but entry 0 says nothing/,
  },
  "that nobody is logged off": {
    meddle: ofTenant("idle_log_off_minutes = null"),
    putRight: ofTenant("idle_log_off_minutes = 30"),
    told: () => /idle_log_off_minutes says never, but entry 0 says 30/,
  },
  "that authors may delete their messages": {
    meddle: ofTenant("revision_minutes = 43200"),
    putRight: ofTenant("revision_minutes = null"),
    told: () => /revision_minutes says 43200, but entry 0 says never/,
  },
  "a limit": {
    meddle: ofTenant("tenant_socket_limit = 1"),
    putRight: ofTenant("tenant_socket_limit = null"),
    told: () => /limits says tenant_socket_limit=1, but entry 0 says nothing/,
  },
  "a suspension": {
    meddle: ofTenant("suspended_at_ms = 1"),
    putRight: ofTenant("suspended_at_ms = null"),
    told: () => /suspended_at_ms says suspended, but entry 0 says nothing/,
  },
};

const ofAgent = (change: string) => `update sealdesk.users set ${change} where id = '${agent.id}'`;
const DIGESTS = " \\(its SHA-256\\) says [0-9a-f]{64}, but entry \\d+ says [0-9a-f]{64}";
const keptHash = () => `'\\x${Buffer.from(version.hash).toString("hex")}'`;

const credentials: Readonly<Record<string, Change>> = {
  "a password": {
    meddle: () => ofAgent("password_hash = 'of a known password'"),
    putRight: () => ofAgent(`password_hash = '${kept.password}'`),
    told: () => new RegExp(`sealdesk\\.users ${agent.id} password_hash${DIGESTS}`),
  },
  "the person of an identity provider who signs in to an account": {
    meddle: () => ofAgent("identity_index = sha256('another person')"),
    putRight: () => ofAgent(`identity_index = '\\x${kept.identity.toString("hex")}'`),
    told: () => new RegExp(`sealdesk\\.users ${agent.id} identity_index${DIGESTS}`),
  },
  "a person of an identity provider whom nobody linked": {
    meddle: () =>
      `update sealdesk.users set identity_index = sha256('x') where id = '${stranger.id}'`,
    putRight: () => `update sealdesk.users set identity_index = null where id = '${stranger.id}'`,
    told: () => /identity_index \(its SHA-256\) says [0-9a-f]{64}, but no entry of the log does/,
  },
  "a second factor": {
    meddle: () => `insert into sealdesk.totp_factors
      (tenant, user_id, secret, created_at_ms, confirmed_at_ms)
      values ('${server.tenant.id}', '${agent.id}', 'own', 1, 2)`,
    putRight: () => `delete from sealdesk.totp_factors where user_id = '${agent.id}'`,
    told: () => /sealdesk\.totp_factors .* says [0-9a-f]{64}, but no entry of the log does/,
  },
  "the secret of an authenticator app": {
    meddle: () => String.raw`update sealdesk.totp_factors set secret = secret || '\x00'`,
    putRight: () =>
      "update sealdesk.totp_factors set secret = substring(secret from 1 for length(secret) - 1)",
    told: () => /sealdesk\.totp_factors .* says [0-9a-f]{64}, but entry \d+ says [0-9a-f]{64}/,
  },
  "a recovery code": {
    meddle: () => `insert into sealdesk.recovery_codes (tenant, user_id, code_hash)
      select tenant, user_id, sha256('own') from sealdesk.totp_factors`,
    putRight: () => "delete from sealdesk.recovery_codes where code_hash = sha256('own')",
    told: () => /sealdesk\.recovery_codes .* says given, but no entry of the log does/,
  },
  "an alert that nobody acknowledged": {
    meddle:
      () => `update sealdesk.alerts set acknowledged_at_ms = 1, acknowledged_by = 'operator:ann'
      where subject = '${agent.id}' and action = 'user.create'`,
    putRight: () => "update sealdesk.alerts set acknowledged_at_ms = null, acknowledged_by = null",
    told: () => /sealdesk\.alerts .* says acknowledged, but no entry of the log does/,
  },
  "the URL to which alerts are sent": {
    meddle: () => "update sealdesk.alert_webhooks set url = 'https://evil.example/'",
    putRight: () => `update sealdesk.alert_webhooks set url = '${NOWHERE}'`,
    told: () => /sealdesk\.alert_webhooks says url [0-9a-f]{64}, but entry \d+ says url /,
  },
  "a passkey": {
    meddle:
      () => `insert into sealdesk.passkeys (tenant, id, user_id, credential_id, public_key, rp_id, counter,
        transports, is_synced, is_backed_up, name, created_at_ms)
      values ('${server.tenant.id}', '${planted}', '${agent.id}', 'own', 'own', 'desk.example', 0, '{}', false, false,
        'own', 1)`,
    putRight: () => "delete from sealdesk.passkeys",
    told: () => /sealdesk\.passkeys .* says [0-9a-f]{64}, but no entry of the log does/,
  },
  "the rules of a version of the policy": {
    meddle: () => "update sealdesk.policy_versions set hash = sha256('other rules')",
    putRight: () => `update sealdesk.policy_versions set hash = ${keptHash()}`,
    told: () => /policy_versions 1 says changes .*, but entry \d+ says changes /,
  },
  "the approval of the version in force is undone": {
    meddle: () => "update sealdesk.approvals set executed_at_ms = null, approver = null",
    putRight: () =>
      "update sealdesk.approvals set executed_at_ms = requested_at_ms, approver = 'operator:ben'",
    told: () => /sealdesk\.approvals .* says hash [0-9a-f]{64}, .*, but entry \d+ says answered/,
  },
};

const findsChange = (change: Change) =>
  nodeFinds(server, change, () => commandTells(server, [change]));

attackTest.each(
  {
    attempt:
      "A password, a link to a person of an identity provider, a second factor, a recovery code, a passkey, a version of the policy, an alert or the webhook of alerts is changed by SQL",
    foundBy: "each node; `sealdesk audit reconcile`",
    when: "state",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  credentials,
  findsChange,
);

attackTest.each(
  {
    attempt: "An account, a role or a setting of a tenant is changed by SQL",
    foundBy: "each node; `sealdesk audit reconcile`",
    when: "state",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  changes,
  findsChange,
);

test("a customer who was made staff is found", async () => {
  const { user } = await customerDevice(server);
  const become = "role = 'supervisor', subject_index = null, anonymous_key = null";
  await sql(`update sealdesk.users set ${become} where id = '${user}'`);
  await until(() => isWarned(server));
  await sql(`update sealdesk.users set role = 'customer' where id = '${user}'`);
  await until(async () => !(await isWarned(server)));
});

test("a grant that SQL widened and a consent that nobody gave are found by the command", async () => {
  const arranged = await arrange(server);
  const grant = await grantBy(server, arranged, arranged.customer, { fromSeq: 2 });
  expect((await postGrant(arranged, arranged.customer, grant)).status).toBe(200);
  const reconcile = () =>
    runSealdesk(server, ["audit", "reconcile", "--tenant", server.tenant.slug]);
  expect(await reconcile()).toMatchObject({ code: 0 });
  await sql(`update sealdesk.history_grants set from_seq = 1 where id = '${grant.id}'`);
  const { user, id: device } = arranged.customer;
  await sql(`insert into sealdesk.consents (id, tenant, user_id, number, purpose, state, device, record,
      signature, digest, received_at_ms, entry)
    select '${planted}', tenant, '${user}', 1, 'history_sharing', 'withdrawn', '${device}', '',
      decode(repeat('00', 64), 'hex'), sha256(''), 0, 0
    from sealdesk.conversations where id = '${arranged.id}'`);
  const { code, out } = await reconcile();
  expect(code).toBe(1);
  expect(out).toMatch(
    new RegExp(
      `history_grants ${grant.id} says .*events 1 to 3, but entry \\d+ says .*events 2 to 3`,
    ),
  );
  expect(out).toMatch(
    new RegExp(`consents ${planted} says .*withdrawn, .* but no entry of the log does`),
  );
});

test("what commands change is what the log says, at each moment", async () => {
  const node = await startTestServer({}, { stateEveryMs: 1 });
  const { slug } = node.tenant;
  const { ownerUrl } = node.database;
  const staff = await node.createStaff("agent");
  for (let nowMs = 0; nowMs < 20; nowMs++) {
    await suspendTenant(ownerUrl, { slug, suspended: nowMs % 2 === 0, nowMs });
    await allowStaffGrants(ownerUrl, { slug, allowed: nowMs % 2 === 0, nowMs });
    await node.createStaff("supervisor");
    await node.createTenant();
  }
  const { username } = staff;
  const args = ["--tenant", slug, "--username", username, "--role", "admin"];
  const changed = await runSealdesk(node, ["user", "set-role", ...args]);
  expect(changed).toMatchObject({ code: 0, out: `${username} is admin now.\n` });
  const compared = await runSealdesk(node, ["audit", "reconcile"]);
  expect(compared).toMatchObject({ code: 0, err: "" });
  // The tenants and the operator's log.
  expect(compared.out.match(/^The database agrees with /gm)).toHaveLength(22);
  const now = new Date().toISOString();
  const listed = await runSealdesk(node, ["audit", "accounts", "--tenant", slug, "--at", now]);
  expect(listed.out).toMatch(new RegExp(`^${staff.id} {2}admin since `, "m"));
  expect((await node.auditEntries()).slice(-3, -1)).toMatchObject([
    { action: "user.set_role", subject: staff.id, details: { role: "admin", before: "agent" } },
    { action: "audit.reconcile", class: "R" },
  ]);
  expect(node.logged()).not.toContain("audit_state_differs");
  await node.close();
});
