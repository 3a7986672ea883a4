import { TestDevice, staffDevice, customerDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const post = (body: string, type = "application/json") =>
  fetch(`${server.url}/v1/sessions`, { method: "POST", headers: { "content-type": type }, body });

test.each<[string, () => Promise<Response>, number, string]>([
  ["no JSON", () => post("{"), 400, "malformed_json"],
  ["JSON that is no object", () => post('"text"'), 400, "malformed_json"],
  [
    "another type",
    () => post("a=b", "application/x-www-form-urlencoded"),
    415,
    "unsupported_media_type",
  ],
  [
    "over a mebibyte",
    () => post(JSON.stringify({ grant: "x".repeat(1024 * 1024) })),
    413,
    "body_too_large",
  ],
  ["another form", () => post("{}"), 400, "invalid_request"],
])("a body of %s is refused as a problem", async (_what, send, status, code) => {
  const response = await send();
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(await response.json()).toEqual({
    type: `urn:sealdesk:problem:${code}`,
    title: expect.any(String),
    status,
    code,
    detail: expect.any(String),
  });
});

test("a path that is no text is refused as a problem", async () => {
  const device = await staffDevice(server);
  const reply = await device.request("GET", "/v1/users/%ff/devices");
  expect(reply.body.code).toBe("invalid_request");
});

test("every answer has a request id of its own, and answers are not cached", async () => {
  const [one, two] = [await fetch(`${server.url}/healthz`), await fetch(`${server.url}/nothing`)];
  expect(one.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(one.headers.get("x-request-id")).not.toBe(two.headers.get("x-request-id"));
  for (const { headers } of [one, two]) expect(headers.get("cache-control")).toBe("no-store");
  expect(one.headers.get("x-powered-by")).toBeNull();
});

test("the server is not ready while its database is away", async () => {
  const away = await startTestServer();
  expect((await fetch(`${away.url}/readyz`)).status).toBe(200);
  const name = new URL(away.loginUrl).username;
  await away.database.owner.query(`alter role ${name} nologin`);
  await away.database.owner.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1",
    [name],
  );
  const response = await fetch(`${away.url}/readyz`);
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).not.toBeNull();
  expect((await fetch(`${away.url}/healthz`)).status).toBe(200);
  await away.close();
});

test("the log of a full run holds no token, password, name, subject or address", async () => {
  const staff = await server.createStaff("supervisor");
  const subject = "jane.roe@example.org";
  const agent = new TestDevice(server);
  await agent.signInAsStaff({ ...staff, password: "not-the-password-of-anyone" });
  await agent.signInAsStaff(staff);
  await agent.register();
  const customer = await customerDevice(server, subject);
  await customer.request("GET", `/v1/users/${agent.user}/devices`);
  await customer.request("POST", `/v1/devices/${agent.id}/bundle`);
  await customer.request("GET", "/v1/staff?role=agent");
  await customer.request("GET", "/v1/staff", { token: `${customer.token}x` });
  await post(JSON.stringify({ grant: "password", tenant: "t", username: staff.username }));
  await agent.request("DELETE", "/v1/sessions/current");
  const logged = server.logged();
  expect(logged.split("\n").length).toBeGreaterThan(10);
  const secrets = [
    staff.username,
    staff.password,
    "not-the-password",
    subject,
    agent.token,
    customer.token,
    agent.token.split(".")[2] ?? "",
    "127.0.0.1",
    "::1",
    "Test supervisor",
  ];
  for (const secret of secrets) expect(logged).not.toContain(secret);
  const entries = JSON.stringify(await server.auditEntries());
  for (const secret of secrets) expect(entries).not.toContain(secret);
});
