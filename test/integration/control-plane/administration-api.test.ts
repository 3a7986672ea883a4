import { randomUUID } from "node:crypto";
import { Secret } from "../../../keys/secret.ts";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { ed25519, jwkOf, staffDevice, TestDevice } from "../../support/device.ts";
import { startKeySetServer } from "../../support/key-set-server.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
let server: TestServer;
let key: string;
let backend: ReturnType<typeof backendWith>;
beforeAll(async () => {
  server = await startTestServer();
  key = await apiKeyOf(server, { days: 300 });
  backend = backendWith(server, key);
});
afterAll(() => server.close());
beforeEach(() => {
  server.clock.offsetMs = 0;
});

const password = "a passphrase of a new colleague";
const idOf = (token: string): string => token.split("_")[1] ?? "";
const newStaff = (role = "agent") => ({
  username: `s-${randomUUID().slice(0, 8)}`,
  displayName: "Somebody",
  role,
  password,
});

const command = async (...args: string[]) => {
  const { code, out, err } = await runSealdesk(server, ["api-key", ...args]);
  expect([code, err]).toEqual([0, ""]);
  return out.trim();
};

const lastEntry = async (tenant = server.tenant) => (await server.auditEntries(tenant)).at(-1);

test("a backend creates staff, who sign in, gives them a role, and resets their account", async () => {
  const staff = newStaff();
  const created = await backend("POST", "staff", staff);
  expect(created.status).toBe(201);
  const user: string = created.body.id;
  expect(await lastEntry()).toMatchObject({
    action: "user.create",
    actor: { kind: "system", id: `api-key ${idOf(key)}` },
    subject: user,
    decision: { allowed: true, reasons: ["scope"] },
    requestId: expect.any(String),
  });
  const device = new TestDevice(server);
  expect(
    (await device.signInAsStaff({ ...staff, id: device.user, tenant: server.tenant.slug })).status,
  ).toBe(201);
  await device.register();

  expect((await backend("PUT", `staff/${user}/role`, { role: "supervisor" })).status).toBe(204);
  const listed = (await backend("GET", "staff")).body.staff as { readonly id: string }[];
  expect(listed.find(({ id }) => id === user)).toEqual({
    id: user,
    role: "supervisor",
    isDisabled: false,
    username: staff.username,
    displayName: "Somebody",
  });

  const reset = await backend("POST", `staff/${user}/reset`, { reason: "devices_lost" });
  expect([reset.status, reset.body]).toEqual([200, { devicesRemoved: 1 }]);
  expect((await device.request("GET", "/v1/staff")).status).toBe(401);
});

test("a backend changes the tenant's settings by the same acts as the operator", async () => {
  const tenant = await server.createTenant();
  const own = backendWith(server, await apiKeyOf(server, { tenant }), tenant);
  const keys = await startKeySetServer({ published: ed25519() });
  const jwk = (kid: string) => ({ ...jwkOf(ed25519()), kid });
  const replies = [
    await own("PUT", "customer-keys", { keys: [jwk("one")] }),
    await own("POST", "customer-keys", { keys: [jwk("two")] }),
    await own("DELETE", "customer-keys/one"),
    await own("POST", "customer-keys/three/revocation"),
    await own("PUT", "customer-jwks-url", { url: keys.url }),
    await own("POST", "origins", { origin: "https://www.example.com" }),
    await own("POST", "origins", { origin: "https://old.example.com" }),
    await own("DELETE", `origins?origin=${encodeURIComponent("https://old.example.com")}`),
    await own("PUT", "settings/staff-grants", { allowed: true }),
    await own("POST", "customer-keys/found/revocation"),
    await own("DELETE", "customer-keys/found/revocation"),
    await own("PUT", "settings/purpose-of-use", { reads: ["names"], codes: ["CLAIMS"] }),
    await own("PUT", "settings/accounting", { operations: true }),
    await own("PUT", "settings/message-revisions", { minutes: 15 }),
    await own("PUT", "settings/anonymous-customers", { allowed: true }),
    await own("PUT", "settings/second-factor", { role: "admin", isRequired: true }),
    await own("PUT", "settings/idle-log-off", { minutes: null }),
  ];
  expect(replies.map(({ status }) => status)).toEqual([
    200, 200, 200, 200, 204, 200, 200, 200, 204, 200, 200, 204, 204, 204, 200, 200, 204,
  ]);
  const { body } = await own("GET", "settings");
  expect(body).toEqual({
    customerKeys: [{ kid: "two", alg: "EdDSA", thumbprint: expect.any(String) }],
    customerJwksUrl: keys.url,
    revokedCustomerKids: ["three"],
    origins: ["https://www.example.com"],
    allowsStaffGrants: true,
    allowsAnonymousCustomers: true,
    secondFactorRoles: ["admin"],
    idleLogOffMinutes: null,
    purposeReads: ["names"],
    purposeCodes: ["CLAIMS"],
    accountsOperations: true,
    revisionMinutes: 15,
  });
  for (const [refused, code] of [
    [await own("POST", "customer-keys", { keys: [jwk("three")] }), "invalid_customer_keys"],
    [await own("POST", "customer-keys", { keys: [jwk("two")] }), "customer_key_exists"],
    [await own("DELETE", "customer-keys/none"), "customer_key_not_found"],
    [await own("DELETE", "customer-keys/none/revocation"), "customer_key_not_found"],
    [await own("PUT", "settings/idle-log-off", { minutes: 4 }), "invalid_request"],
    [await own("POST", "origins", { origin: "nothing" }), "invalid_origin"],
    [await own("PUT", "customer-jwks-url", { url: "http://10.0.0.1/" }), "invalid_jwks_url"],
    [await own("PUT", "customer-jwks-url", { url: "https://10.0.0.1/" }), "jwks_unavailable"],
  ] as const)
    expect(refused.body.code).toBe(code);
  await keys.close();
});

test("a key without the scope is refused everything else, with an entry that says so", async () => {
  const narrow = backendWith(server, await apiKeyOf(server, { scopes: ["read_settings"] }));
  expect((await narrow("GET", "settings")).status).toBe(200);
  const { id: user } = await server.createStaff("agent");
  const acts = [
    ["GET", "staff", undefined],
    ["POST", "staff", newStaff("admin")],
    ["PUT", `staff/${user}/role`, { role: "admin" }],
    ["POST", `staff/${user}/reset`, { reason: "devices_lost" }],
    ["POST", `staff/${user}/password-reset`, undefined],
    ["DELETE", `staff/${user}/second-factor`, undefined],
    ["PUT", "settings/staff-grants", { allowed: true }],
    ["PUT", "settings/idle-log-off", { minutes: null }],
    ["DELETE", "customer-keys/x/revocation", undefined],
    ["POST", "origins", { origin: "https://evil.example" }],
    ["DELETE", "origins?origin=x", undefined],
    ["POST", "customer-keys", { keys: [] }],
    ["PUT", "customer-keys", { keys: [] }],
    ["DELETE", "customer-keys/x", undefined],
    ["POST", "customer-keys/x/revocation", undefined],
    ["PUT", "customer-jwks-url", { url: null }],
  ] as const;
  for (const [method, path, body] of acts) {
    const { status, body: problem } = await narrow(method, path, body);
    expect([method, path, status, problem.code]).toEqual([method, path, 403, "forbidden"]);
    expect(await lastEntry()).toMatchObject({
      outcome: "refused",
      decision: { allowed: false, reasons: ["scope_missing"] },
    });
  }
});

test("a key opens nothing of another tenant, and no other route", async () => {
  const foreign = await server.createTenant();
  const { id: user } = await server.createStaff("agent", foreign);
  const elsewhere = backendWith(server, key, foreign);
  expect((await elsewhere("GET", "settings")).status).toBe(401);
  expect(await lastEntry(foreign)).toMatchObject({
    action: "api_key.authenticate",
    outcome: "refused",
    reason: "unknown_token",
  });
  const across = await backend("PUT", `staff/${user}/role`, { role: "admin" });
  expect([across.status, across.body.code]).toEqual([404, "user_not_found"]);
  for (const path of [
    "/v1/staff",
    "/v1/audit/entries",
    `/v1/monitor/${server.tenant.slug}/checkpoint`,
  ]) {
    const headers = { authorization: `Bearer ${key}` };
    expect((await fetch(server.url + path, { headers })).status).toBe(401);
  }
});

test("a customer's account is no account of staff: it gets no role and is not reset", async () => {
  const device = new TestDevice(server);
  await device.signInAsCustomer(randomUUID());
  for (const [method, path, body] of [
    ["PUT", `staff/${device.user}/role`, { role: "admin" }],
    ["POST", `staff/${device.user}/reset`, { reason: "devices_lost" }],
  ] as const)
    expect((await backend(method, path, body)).status).toBe(404);
});

test("a removed, expired or replaced key is refused, and both count during the overlap", async () => {
  const { slug } = server.tenant;
  const statusOf = async (token: string) =>
    (await backendWith(server, token)("GET", "settings")).status;
  const made = ["--tenant", slug, "--name", "made", "--scope", "read_settings", "read_staff"];
  const first = await command("add", ...made, "--days", "2");
  expect(await statusOf(first)).toBe(200);
  const second = await command("rotate", "--tenant", slug, "--id", idOf(first), "--overlap", "12");
  expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
  expect(await command("list", "--tenant", slug)).toMatch(
    new RegExp(
      `^${idOf(second)} {2}made {2}valid until .* last used ${new Date().toISOString().slice(0, 10)} {2}read_staff read_settings$`,
      "m",
    ),
  );
  server.clock.offsetMs = 13 * HOUR_MS;
  expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
  server.clock.offsetMs = 91 * DAY_MS;
  expect(await statusOf(second)).toBe(401);
  server.clock.offsetMs = 0;
  expect(await statusOf(second)).toBe(200);
  const reconciled = await runSealdesk(server, ["audit", "reconcile", "--tenant", slug]);
  expect([reconciled.code, reconciled.err]).toEqual([0, ""]);
  await command("remove", "--tenant", slug, "--id", idOf(second));
  expect(await statusOf(second)).toBe(401);
  const reasons = (await server.auditEntries())
    .filter(({ action }) => action === "api_key.authenticate")
    .map(({ reason }) => reason);
  expect(new Set(reasons)).toEqual(new Set(["token_expired", "unknown_token"]));
});

test("a key that is removed while its request waits changes nothing", async () => {
  const token = await apiKeyOf(server);
  const { owner } = server.database;
  const client = await owner.connect();
  await client.query("begin");
  await client.query("select from sealdesk.tenants where id = $1 for update", [server.tenant.id]);
  const waiting = backendWith(server, token)("POST", "origins", { origin: "https://late.example" });
  const isWaiting = async () => {
    const { rowCount } = await owner.query(
      "select from pg_stat_activity where application_name = 'sealdesk-operator' and wait_event_type = 'Lock'",
    );
    return rowCount !== 0;
  };
  await until(isWaiting);
  await client.query("delete from sealdesk.api_keys where id = $1", [idOf(token)]);
  await client.query("commit");
  client.release();
  expect((await waiting).status).toBe(401);
  expect((await backend("GET", "settings")).body.origins).not.toContain("https://late.example");
});

describe("Idempotency-Key", () => {
  const once = () => ({ "idempotency-key": randomUUID() });

  test("a repeated request is carried out once, and has the same answer", async () => {
    const [staff, headers] = [newStaff(), once()];
    const first = await backend("POST", "staff", staff, headers);
    const repeats = await Promise.all(
      [1, 2, 3].map(() => backend("POST", "staff", staff, headers)),
    );
    expect(first.status).toBe(201);
    for (const repeat of repeats) expect([repeat.status, repeat.body]).toEqual([201, first.body]);
    const entries = (await server.auditEntries()).filter(
      ({ subject }) => subject === first.body.id,
    );
    expect(entries).toHaveLength(1);
  });

  test("of two equal requests at the same time, one is carried out", async () => {
    const [staff, headers] = [newStaff(), once()];
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => backend("POST", "staff", staff, headers)),
    );
    expect(replies.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    for (const { status, body } of replies)
      if (status !== 201) expect([status, body.code]).toEqual([409, "request_unanswered"]);
    const ids = replies.flatMap(({ body }) => (body.id === undefined ? [] : [body.id as string]));
    expect(new Set(ids).size).toBe(1);
  });

  test("another body, another path and a day later are other requests", async () => {
    const [staff, headers] = [newStaff(), once()];
    const created = await backend("POST", "staff", staff, headers);
    const changed = await backend("POST", "staff", { ...staff, role: "admin" }, headers);
    expect([changed.status, changed.body.code]).toEqual([422, "idempotency_key_reused"]);
    const moved = await backend("PUT", `staff/${created.body.id}/role`, { role: "admin" }, headers);
    expect([moved.status, moved.body.code]).toEqual([422, "idempotency_key_reused"]);
    server.clock.offsetMs = DAY_MS + 1;
    const later = await backend("POST", "staff", staff, headers);
    expect([later.status, later.body.code]).toEqual([409, "username_taken"]);
  });

  test("a refused request leaves its key free", async () => {
    const headers = once();
    const refused = await backend("POST", "origins", { origin: "nothing" }, headers);
    expect(refused.status).toBe(400);
    expect(
      (await backend("POST", "origins", { origin: "https://free.example" }, headers)).status,
    ).toBe(200);
  });

  test("another API key does not see the answer", async () => {
    const [staff, headers] = [newStaff(), once()];
    await backend("POST", "staff", staff, headers);
    const other = await backendWith(server, await apiKeyOf(server))(
      "POST",
      "staff",
      staff,
      headers,
    );
    expect([other.status, other.body.code]).toEqual([409, "username_taken"]);
  });
});

test.each([
  ["a member that is not documented", { ...newStaff(), id: randomUUID() }],
  ["a tenant of the sender's choice", { ...newStaff(), tenant: randomUUID() }],
  ["the role of customers", newStaff("customer")],
  ["a role that there is not", newStaff("api_key")],
  [
    "a prototype",
    `{"username":"proto","role":"agent","password":"${password}","__proto__":{"role":"admin"}}`,
  ],
  ["a constructor", { ...newStaff(), constructor: { prototype: { role: "admin" } } }],
  ["a NUL in a name", { ...newStaff(), displayName: "a\u0000b" }],
  ["a short password", { ...newStaff(), password: "short" }],
])("%s is a bad request", async (_what, body) => {
  const { status, body: problem } = await backend("POST", "staff", body);
  expect([status, problem.code]).toEqual([400, "invalid_request"]);
});

test.each(["a%00b", "'%20or%201=1--", "..", "%ff"])("the tenant %s is refused", async (slug) => {
  const headers = { authorization: `Bearer ${key}` };
  const { status } = await fetch(`${server.url}/v1/admin/${slug}/settings`, { headers });
  expect([400, 401, 404]).toContain(status);
});

test.each(["an unknown key", "an unknown tenant", "a text that is no key"])(
  "a refusal of %s is answered at the end of a step, so its time tells nothing",
  async (which) => {
    const unknown = `sdk_0123456789abcdef_${"A".repeat(43)}`;
    const begunAtMs = performance.now();
    const { status, headers } = await backendWith(
      server,
      which === "a text that is no key" ? "x" : unknown,
      which === "an unknown tenant" ? { ...server.tenant, slug: "no-such-tenant" } : undefined,
    )("GET", "settings");
    expect([status, headers.get("www-authenticate")]).toEqual([
      401,
      'Bearer realm="administration"',
    ]);
    // A timer may end a millisecond early.
    expect(performance.now() - begunAtMs).toBeGreaterThanOrEqual(249);
  },
);

test("a right id with another secret is refused", async () => {
  const wrong = `sdk_${idOf(key)}_${"A".repeat(43)}`;
  expect((await backendWith(server, wrong)("GET", "settings")).status).toBe(401);
});

test("the key of a suspended tenant is refused", async () => {
  const tenant = await server.createTenant();
  const own = backendWith(server, await apiKeyOf(server, { tenant }), tenant);
  expect((await own("GET", "settings")).status).toBe(200);
  await server.database.owner.query(
    "update sealdesk.tenants set suspended_at_ms = 1 where id = $1",
    [tenant.id],
  );
  expect((await own("GET", "settings")).status).toBe(401);
});

test("a web page may not use a key", async () => {
  await backend("POST", "origins", { origin: "https://page.example" });
  const reply = await backend("GET", "settings", undefined, { origin: "https://page.example" });
  expect([reply.status, reply.body.code]).toEqual([403, "origin_not_allowed"]);
});

test("a server whose logins own nothing changes no tenant, and says why", async () => {
  const node = await server.startNode({ databaseOwnerUrl: new Secret(server.loginUrl) });
  const confined = backendWith(server, key, server.tenant, node.url);
  const refused = await confined("POST", "origins", { origin: "https://confined.example" });
  expect([refused.status, refused.body.code]).toEqual([503, "administration_unavailable"]);
  expect((await confined("GET", "settings")).status).toBe(200);
  await node.close();
});

test("nothing of a secret or a password is stored, logged or audited", async () => {
  const staff = newStaff();
  await backend("POST", "staff", staff, { "idempotency-key": "a-key-that-is-stored-as-a-hash" });
  const { rows } = await server.database.owner.query<{ row: string }>(
    "select row(k.*)::text as row from sealdesk.api_keys k union all select row(r.*)::text from sealdesk.api_requests r",
  );
  const kept = JSON.stringify([rows, await server.auditEntries(), server.logged()]);
  for (const secret of [key.split("_")[2] ?? "", password, staff.username, "a-key-that-is-stored"])
    expect(kept.includes(secret)).toBe(false);
});

test("staff with a session cannot use it here", async () => {
  const admin = await staffDevice(server, "admin");
  expect((await admin.request("GET", `/v1/admin/${server.tenant.slug}/settings`)).status).toBe(401);
});
