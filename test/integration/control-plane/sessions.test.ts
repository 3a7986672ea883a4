import { TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let server: TestServer;
let device: TestDevice;
beforeEach(async () => {
  server.clock.offsetMs = 0;
  device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
});
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const renew = () => device.request("POST", "/v1/sessions/current/renew");
const use = async () => {
  const { status, body } = await device.request("GET", "/v1/staff");
  return status === 200 ? "served" : body.code;
};

test("a token serves for an hour", async () => {
  server.clock.offsetMs = 59 * MINUTE;
  expect(await use()).toBe("served");
  server.clock.offsetMs = 61 * MINUTE;
  const reply = await device.request("GET", "/v1/staff");
  expect(reply.body).toMatchObject({ code: "token_expired", action: "renew" });
});

test("an expired token can be renewed while the session lasts", async () => {
  server.clock.offsetMs = 5 * HOUR;
  const reply = await renew();
  expect(reply.status).toBe(200);
  device.token = reply.body.accessToken;
  expect(await use()).toBe("served");
});

test("no token outlives the session's twelve hours", async () => {
  server.clock.offsetMs = 11.5 * HOUR;
  const reply = await renew();
  expect(reply.body.expiresAtMs).toBeLessThan(server.clock.now() + 31 * MINUTE);
  device.token = reply.body.accessToken;
  server.clock.offsetMs = 12 * HOUR + MINUTE;
  expect(await use()).toBe("token_expired");
  expect((await renew()).body).toMatchObject({ code: "session_revoked", action: "sign_in" });
});

test("signing out ends every token of the session, and it cannot be renewed", async () => {
  const renewed = (await renew()).body.accessToken as string;
  expect((await device.request("DELETE", "/v1/sessions/current")).status).toBe(204);
  expect(await use()).toBe("session_revoked");
  device.token = renewed;
  expect(await use()).toBe("session_revoked");
  expect((await renew()).body.code).toBe("session_revoked");
});

test("each step is in the audit log", async () => {
  await renew();
  await device.request("DELETE", "/v1/sessions/current");
  const entries = (await server.auditEntries()).filter(
    ({ actor }) => (actor as { id: string }).id === device.user,
  );
  expect(entries.map(({ action, outcome }) => [action, outcome])).toEqual([
    ["session.create", "success"],
    ["session.renew", "success"],
    ["session.revoke", "success"],
  ]);
  for (const entry of entries)
    expect(entry).toMatchObject({
      eventId: expect.any(String),
      requestId: expect.any(String),
      method: "password",
      tenant: device.tenant,
    });
});
