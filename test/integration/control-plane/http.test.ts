import { staffDevice } from "../../support/device.ts";
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

test("an idle connection is kept for longer than load balancers keep theirs", async () => {
  const response = await fetch(`${server.url}/healthz`);
  expect(response.headers.get("keep-alive")).toBe("timeout=75");
});

test("a body that does not come whole in time is not waited for", async () => {
  const impatient = await startTestServer({}, { requestMs: 200 });
  const trickle = new TransformStream<Uint8Array, Uint8Array>();
  const sending = trickle.writable.getWriter();
  void sending.write(Buffer.from("{"));
  const response = await fetch(`${impatient.url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: trickle.readable,
    duplex: "half",
  });
  expect([response.status, response.headers.get("connection")]).toEqual([408, "close"]);
  expect(await response.json()).toMatchObject({ code: "body_too_late", action: "repeat" });
  await sending.abort().catch(() => undefined);
  await impatient.close();
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

test("the server is not ready while its database is away, and ready again after", async () => {
  const away = await startTestServer();
  expect((await fetch(`${away.url}/readyz`)).status).toBe(200);
  const letIn = await away.cutOffDatabase();
  const response = await fetch(`${away.url}/readyz`);
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).not.toBeNull();
  expect(await response.json()).toMatchObject({
    code: "not_ready",
    reasons: ["database_unreachable", "keystore_unreachable"],
  });
  expect((await fetch(`${away.url}/healthz`)).status).toBe(200);
  await letIn();
  expect((await fetch(`${away.url}/readyz`)).status).toBe(200);
  await away.close();
});

test("the server is not ready on a schema that lacks a migration, but on one that has more", async () => {
  const { owner } = server.database;
  const add = "insert into sealdesk_migrations.migrations (name, run_on) values ($1, now())";
  const remove = "delete from sealdesk_migrations.migrations where name = $1";
  await owner.query(remove, ["0005_audit"]);
  const response = await fetch(`${server.url}/readyz`);
  expect([response.status, await response.json()]).toEqual([
    503,
    expect.objectContaining({ reasons: ["schema_behind"] }),
  ]);
  await owner.query(add, ["0005_audit"]);
  await owner.query(add, ["9999_later"]);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  await owner.query(remove, ["9999_later"]);
});
