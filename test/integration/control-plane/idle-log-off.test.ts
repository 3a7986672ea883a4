import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { RelaySocket } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const never = 3_600_000;
let server: TestServer;
let other: TestNode;
beforeAll(async () => {
  // Only the first node looks for idle sessions.
  server = await startTestServer({}, { tickMs: 10, pollMs: never, idleEveryMs: 20 });
  other = await server.startNode();
});
afterAll(async () => {
  await other.close();
  await server.close();
});

/** Lets the time since a person's last act pass, by the database's clock. */
const idleFor = async ({ user }: TestDevice, minutes: number) =>
  server.database.owner.query(
    "update sealdesk.sessions set acted_at_ms = sealdesk.database_now_ms() - $2 where user_id = $1",
    [user, minutes * 60_000],
  );
const actedAtMs = async ({ user }: TestDevice) => {
  const { rows } = await server.database.owner.query<{ at: number | null }>(
    "select acted_at_ms::float8 as at from sealdesk.sessions where user_id = $1",
    [user],
  );
  return rows[0]?.at ?? null;
};
const logOffs = async ({ user }: TestDevice) =>
  (await server.auditEntries()).filter(
    ({ action, subject }) => action === "session.log_off" && subject === user,
  );
const report = (device: TestDevice) => device.request("POST", "/v1/sessions/current/activity");
const minutes = (value: string) =>
  runSealdesk(server, ["tenant", "idle-log-off", "--slug", server.tenant.slug, "--minutes", value]);

test("after 30 minutes without an act, the session ends on all nodes with a reason of its own, and once in the log", async () => {
  const [here, there] = [await staffDevice(server), await staffDevice(server)];
  const sockets = [await RelaySocket.open(server, here), await RelaySocket.open(other, there)];
  await idleFor(here, 29);
  await idleFor(there, 29);
  // What devices do by themselves does not count.
  expect((await here.request("POST", "/v1/sessions/current/renew")).status).toBe(200);
  await idleFor(here, 30);
  await idleFor(there, 30);
  for (const socket of sockets) expect(await socket?.closed).toBe(4505);
  for (const device of [here, there]) {
    for (const path of ["/v1/sessions/current/renew", "/v1/sessions/current/activity"]) {
      const reply = await device.request("POST", path);
      expect([reply.status, reply.body.code]).toEqual([401, "session_idle"]);
    }
    expect(await logOffs(device)).toMatchObject([
      { actor: { kind: "system", id: "idle-log-off" }, outcome: "success" },
    ]);
  }
});

test("an idle session is refused at once, before anything has ended it", async () => {
  const late = await startTestServer({}, { idleEveryMs: never });
  try {
    const device = await staffDevice(late);
    await late.database.owner.query(
      "update sealdesk.sessions set acted_at_ms = sealdesk.database_now_ms() - 1800000",
    );
    expect((await device.request("GET", "/v1/staff")).body.code).toBe("session_idle");
    expect((await report(device)).body.code).toBe("session_idle");
  } finally {
    await late.close();
  }
});

test("an act of the person keeps the session, and is stored once a minute", async () => {
  const device = await staffDevice(server);
  await idleFor(device, 29);
  expect((await report(device)).status).toBe(204);
  const first = await actedAtMs(device);
  expect(first).toBeGreaterThan(Date.now() - 60_000);
  expect((await report(device)).status).toBe(204);
  expect(await actedAtMs(device)).toBe(first);
});

test("the open session of a bot is logged off when idle, once a person has the account", async () => {
  const staff = await server.createStaff("bot");
  const device = new TestDevice(server);
  await device.signInAsStaff(staff);
  const named = ["--tenant", server.tenant.slug, "--username", staff.username];
  const become = async (role: "agent" | "bot") =>
    expect(await runSealdesk(server, ["user", "set-role", ...named, "--role", role])).toMatchObject(
      { code: 0 },
    );
  await become("agent");
  expect(await actedAtMs(device)).toBeGreaterThan(0);
  await become("bot");
  expect(await actedAtMs(device)).toBeNull();
});

test("a customer and a bot are not logged off", async () => {
  for (const device of [await customerDevice(server), await staffDevice(server, "bot")]) {
    expect(await actedAtMs(device)).toBeNull();
    expect((await report(device)).status).toBe(204);
    expect(await actedAtMs(device)).toBeNull();
  }
});

test("a tenant sets the minutes, also for sessions that are open", async () => {
  const device = await staffDevice(server);
  expect(await minutes("4")).toMatchObject({ code: 1 });
  expect(await minutes("never")).toMatchObject({ code: 0, err: "" });
  await idleFor(device, 700);
  expect((await device.request("GET", "/v1/staff")).status).toBe(200);
  expect(await minutes("15")).toMatchObject({ code: 0 });
  await until(async () => (await logOffs(device)).length === 1);
  expect((await device.request("GET", "/v1/staff")).body.code).toBe("session_idle");
  expect(
    (await server.auditEntries()).filter(({ action }) => action === "tenant.set_idle_log_off"),
  ).toMatchObject([{ details: {} }, { details: { minutes: 15 } }]);
});
