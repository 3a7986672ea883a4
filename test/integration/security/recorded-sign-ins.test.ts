import { OPERATOR_LOG } from "../../../audit/logs.ts";
import { operatorEntries } from "../../support/operator-entries.ts";
import { staffDevice, TestDevice } from "../../support/device.ts";
import { until } from "../../support/until.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";

const dayMs = 86_400_000;
let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({
    trustedProxies: ["127.0.0.1"],
    signInLimit: { burst: 3, secondsPerFurther: 600 },
  });
});
afterEach(() => server.close());

type Entry = Record<string, unknown>;

async function failFrom(address: string, staff: TestStaff): Promise<number> {
  const response = await fetch(`${server.url}/v1/sessions`, {
    method: "POST",
    headers: {
      dpop: new TestDevice(server).proof("POST", "/v1/sessions"),
      "content-type": "application/json",
      "x-forwarded-for": address,
    },
    body: JSON.stringify({
      grant: "password",
      tenant: staff.tenant,
      username: staff.username,
      password: "not the password",
    }),
  });
  return response.status;
}

const refusals = (entries: readonly Entry[]) =>
  entries.filter(({ action, outcome }) => action === "session.create" && outcome === "refused");

async function networkOf(address: string, staff: TestStaff, tenant = server.tenant) {
  expect(await failFrom(address, staff)).toBe(401);
  const last = refusals(await server.auditEntries(tenant)).at(-1);
  return (last?.["details"] as Entry | undefined)?.["network"];
}

test("failed sign-ins from one network have one pseudonym for a day, and none has the address", async () => {
  const [one, other] = [await server.createStaff("agent"), await server.createStaff("agent")];
  const first = await networkOf("203.0.113.7", one);
  expect(first).toMatch(/^[\w-]{22}$/);
  expect(await networkOf("203.0.113.7", other)).toBe(first);
  expect(await networkOf("203.0.113.8", one)).not.toBe(first);
  // Two tenants must not find out that they have the same visitor.
  const elsewhere = await server.createTenant();
  const foreign = await server.createStaff("agent", elsewhere);
  expect(await networkOf("203.0.113.7", foreign, elsewhere)).not.toBe(first);
  server.clock.offsetMs += dayMs;
  expect(await networkOf("203.0.113.7", other)).not.toBe(first);
  expect(JSON.stringify(await server.auditEntries())).not.toContain("203.0.113.");
});

test("two nodes give a network the same pseudonym, and a past day's salt is deleted", async () => {
  const staff = await server.createStaff("agent");
  const first = await networkOf("203.0.113.7", staff);
  const node = await server.startNode();
  const reply = await fetch(`${node.url}/v1/sessions`, {
    method: "POST",
    headers: {
      dpop: new TestDevice(server).proof("POST", "/v1/sessions"),
      "content-type": "application/json",
      "x-forwarded-for": "203.0.113.7",
    },
    body: JSON.stringify({ ...staff, id: undefined, grant: "password", password: "not it at all" }),
  });
  await node.close();
  expect(reply.status).toBe(401);
  const last = refusals(await server.auditEntries()).at(-1);
  expect(last?.["details"]).toEqual({ network: first });
  const salts = async () =>
    (await server.database.owner.query("select from sealdesk.network_salts")).rowCount;
  expect(await salts()).toBe(1);
  server.clock.offsetMs += 2 * dayMs;
  const later = await server.startNode();
  await until(async () => (await salts()) === 0);
  await later.close();
});

/** Starts a node, lets `attempt` refuse sign-ins there, and stops it, so that it writes its counts. */
async function countedBy(attempt: (url: string) => Promise<unknown>): Promise<void> {
  const node = await server.startNode();
  await attempt(node.url);
  await node.close();
}

const signInAt = (url: string, body: object) =>
  fetch(`${url}/v1/sessions`, {
    method: "POST",
    headers: {
      dpop: new TestDevice(server).proof("POST", "/v1/sessions"),
      "content-type": "application/json",
    },
    body: JSON.stringify({ grant: "password", password: "not the password", ...body }),
  });

test("sign-ins over the limit are counted, and one entry has the sum", async () => {
  const { username, tenant } = await server.createStaff("agent");
  await countedBy(async (url) => {
    const statuses: number[] = [];
    for (let at = 0; at < 12; at++)
      statuses.push((await signInAt(url, { username, tenant })).status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(9);
  });
  const refused = refusals(await server.auditEntries());
  expect(refused.map(({ reason }) => reason)).toEqual([
    ...Array.from({ length: 3 }, () => "wrong_password"),
    "rate_limited",
  ]);
  expect(refused.at(-1)).toMatchObject({
    actor: { kind: "system", id: "sign-in" },
    resource: { type: "tenant", id: server.tenant.id },
    details: { repeated: 9, firstAtMs: expect.any(Number), lastAtMs: expect.any(Number) },
  });
});

test("sign-ins to tenants that do not exist are counted in the operator's log, without their names", async () => {
  await countedBy(async (url) => {
    for (let at = 0; at < 5; at++)
      await signInAt(url, { username: "root", tenant: `a-tenant-that-is-made-up-${at}` });
  });
  const refused = refusals(await operatorEntries(server.database));
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({
    tenant: OPERATOR_LOG,
    reason: "unknown_tenant",
    details: { repeated: 5 },
  });
  expect(JSON.stringify(refused)).not.toContain("a-tenant-that-is-made-up");
});

test("a token with a proof of another key is on record, and many become a count", async () => {
  const owner = await staffDevice(server);
  const thief = new TestDevice(server);
  thief.token = owner.token;
  const attempt = () => thief.request("GET", "/v1/staff");
  expect(await attempt()).toMatchObject({ status: 401, body: { code: "invalid_token" } });
  const stolen = async () =>
    (await server.auditEntries()).filter(({ action }) => action === "session.authenticate");
  const [entry] = await stolen();
  expect(entry).toMatchObject({
    class: "E",
    actor: { kind: "system", id: "authentication" },
    subject: owner.user,
    outcome: "refused",
    reason: "foreign_proof",
  });
  await Promise.all(Array.from({ length: 20 }, attempt));
  expect(await stolen()).toHaveLength(10);
  expect((await owner.request("GET", "/v1/staff")).status).toBe(200);
});
