import { randomUUID } from "node:crypto";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { TestDevice } from "../../support/device.ts";
import { operatorEntries } from "../../support/operator-entries.ts";
import { operatorKeyOf, operatorWith } from "../../support/operator-keys.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

const HOUR_MS = 3_600_000;
let server: TestServer;
let key: string;
let operator: ReturnType<typeof operatorWith>;
beforeAll(async () => {
  server = await startTestServer();
  key = await operatorKeyOf(server, { days: 300 });
  operator = operatorWith(server, key);
});
afterAll(() => server.close());
beforeEach(() => {
  server.clock.offsetMs = 0;
});

const idOf = (token: string): string => token.split("_")[1] ?? "";
const newTenant = () => ({ slug: `t-${randomUUID().slice(0, 8)}`, name: "Made by a program" });
const lastEntry = async (tenant: Pick<TestTenant, "id">) =>
  (await server.auditEntries(tenant as TestTenant)).at(-1);
const command = async (...args: string[]) => {
  const { code, out, err } = await runSealdesk(server, ["operator-key", ...args]);
  expect([code, err]).toEqual([0, ""]);
  return out.trim();
};

test("a program of the operator creates a tenant, sets what it may, suspends it and resumes it", async () => {
  const made = newTenant();
  const created = await operator("POST", "", made);
  expect(created.status).toBe(201);
  const tenant = { id: created.body.id };
  expect(await lastEntry(tenant)).toMatchObject({
    action: "tenant.create",
    actor: { kind: "system", id: `operator-key ${idOf(key)}` },
    decision: { allowed: true, reasons: ["scope"] },
    requestId: expect.any(String),
  });
  const path = `/${made.slug}`;
  const replies = [
    await operator("PUT", `${path}/limits`, { limit: "tenant_request_limit", value: "600,10" }),
    await operator("PUT", `${path}/limits`, { limit: "upload_account_count", value: "7" }),
    await operator("PUT", `${path}/limits`, { limit: "upload_account_count", value: null }),
    await operator("PUT", `${path}/required-consents`, { purposes: ["moderation"] }),
    await operator("PUT", `${path}/suspension`),
  ];
  expect(replies.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204]);
  expect(await lastEntry(tenant)).toMatchObject({ action: "tenant.suspend" });
  expect((await operator("GET", path)).body).toEqual({
    id: tenant.id,
    name: made.name,
    suspendedAtMs: expect.any(Number),
    requiredConsents: ["moderation"],
    limits: { tenant_request_limit: "600,10" },
  });
  expect((await operator("DELETE", `${path}/suspension`)).status).toBe(204);
  expect((await operator("GET", path)).body.suspendedAtMs).toBeNull();
  const alerts = await server.database.owner.query(
    "select action from sealdesk.alerts where tenant = $1",
    [tenant.id],
  );
  expect(alerts.rows).toEqual([{ action: "tenant.require_consents" }]);
  const reconciled = await runSealdesk(server, ["audit", "reconcile", "--tenant", made.slug]);
  expect([reconciled.code, reconciled.err]).toEqual([0, ""]);
});

test("people of a tenant that a program suspends cannot sign in", async () => {
  const tenant = await server.createTenant();
  const staff = await server.createStaff("agent", tenant);
  expect((await operator("PUT", `/${tenant.slug}/suspension`)).status).toBe(204);
  expect((await new TestDevice(server).signInAsStaff(staff)).body.code).toBe("tenant_suspended");
});

test("a key without the scope is refused everything else, with an entry that says so", async () => {
  const tenant = await server.createTenant();
  const narrow = operatorWith(server, await operatorKeyOf(server, { scopes: ["read_tenant"] }));
  const path = `/${tenant.slug}`;
  expect((await narrow("GET", path)).status).toBe(200);
  for (const [method, at, body] of [
    ["PUT", `${path}/suspension`, undefined],
    ["DELETE", `${path}/suspension`, undefined],
    ["PUT", `${path}/limits`, { limit: "tenant_socket_limit", value: "1" }],
    ["PUT", `${path}/required-consents`, { purposes: [] }],
  ] as const) {
    const refused = await narrow(method, at, body);
    expect([method, at, refused.status, refused.body.code]).toEqual([method, at, 403, "forbidden"]);
    expect(await lastEntry(tenant)).toMatchObject({
      outcome: "refused",
      decision: { allowed: false, reasons: ["scope_missing"] },
    });
  }
  const made = newTenant();
  expect((await narrow("POST", "", made)).body.code).toBe("forbidden");
  expect((await operatorEntries(server.database, "tenant.create")).at(-1)).toMatchObject({
    outcome: "refused",
    reason: "forbidden",
  });
  expect((await narrow("GET", `/${made.slug}`)).body.code).toBe("tenant_not_found");
});

test("a tenant's key opens nothing here, and the operator's key nothing of a tenant", async () => {
  const ofTenant = await apiKeyOf(server);
  const { slug } = server.tenant;
  for (const wrong of [ofTenant, ofTenant.replace("sdk_", "sdo_"), `sdo_${"0".repeat(16)}_x`]) {
    const { status, headers } = await operatorWith(server, wrong)("GET", `/${slug}`);
    expect([status, headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="operator"']);
  }
  for (const wrong of [key, key.replace("sdo_", "sdk_")])
    expect((await backendWith(server, wrong)("GET", "settings")).status).toBe(401);
  expect(
    (await operatorEntries(server.database, "operator_key.authenticate")).at(-1),
  ).toMatchObject({ outcome: "refused", reason: "unknown_token" });
  const page = { origin: "https://page.example" };
  expect((await operator("GET", `/${slug}`, undefined, page)).status).toBe(403);
});

test("a removed, expired or replaced key is refused, and both count during the overlap", async () => {
  const statusOf = async (token: string) =>
    (await operatorWith(server, token)("GET", `/${server.tenant.slug}`)).status;
  const first = await command("add", "--name", "made", "--scope", "read_tenant", "--days", "2");
  expect(first).toMatch(/^sdo_[0-9a-f]{16}_[\w-]{43}$/);
  const second = await command("rotate", "--id", idOf(first), "--overlap", "12");
  expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
  expect(await command("list")).toMatch(
    new RegExp(`^${idOf(second)} {2}made {2}valid until .* {2}read_tenant$`, "m"),
  );
  server.clock.offsetMs = 13 * HOUR_MS;
  expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
  server.clock.offsetMs = 0;
  await command("remove", "--id", idOf(second));
  expect(await statusOf(second)).toBe(401);
  const reconciled = await runSealdesk(server, ["audit", "reconcile"]);
  expect([reconciled.code, reconciled.err]).toEqual([0, ""]);
});

test("a request with an Idempotency-Key is carried out once, also if it creates a tenant", async () => {
  const headers = { "idempotency-key": randomUUID() };
  const made = newTenant();
  const first = await operator("POST", "", made, headers);
  const again = await operator("POST", "", made, headers);
  expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
  const other = await operator("POST", "", newTenant(), headers);
  expect([other.status, other.body.code]).toEqual([422, "idempotency_key_reused"]);
  const taken = await operator("POST", "", made);
  expect([taken.status, taken.body.code]).toEqual([409, "tenant_exists"]);
});

test.each([
  ["POST", "", { slug: "A", name: "x" }],
  ["POST", "", { slug: "a", name: "x\u0000" }],
  ["POST", "", { slug: "a", name: "x", id: randomUUID() }],
  ["PUT", "/a/limits", { limit: "suspended_at_ms", value: "1" }],
  ["PUT", "/a/limits", { limit: "tenant_socket_limit", value: "0" }],
  ["PUT", "/a/limits", { limit: "tenant_request_limit", value: "1" }],
  ["PUT", "/a/required-consents", { purposes: ["anything"] }],
] as const)("%s %s with %j is a bad request", async (method, path, body) => {
  const { status, body: problem } = await operator(method, path, body);
  expect([status, problem.code]).toEqual([400, "invalid_request"]);
});
