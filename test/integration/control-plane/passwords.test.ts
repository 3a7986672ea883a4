import { randomBytes, randomUUID } from "node:crypto";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { RelaySocket } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const another = () => randomBytes(12).toString("hex");
async function signedIn(staff: TestStaff): Promise<TestDevice> {
  const device = new TestDevice(server);
  expect((await device.signInAsStaff(staff)).status).toBe(201);
  return device;
}
const change = (device: TestDevice, present: string, replacement: string) =>
  device.request("POST", "/v1/account/password", { body: { present, replacement } });
const signIn = async (staff: TestStaff, password: string, at: TestServer = server) =>
  (await new TestDevice(at).signInAsStaff({ ...staff, password })).status;
const isServed = async (device: TestDevice) =>
  (await device.request("GET", "/v1/staff")).body.code ?? "served";
const entries = async (action: string) =>
  (await server.auditEntries()).filter((entry) => entry["action"] === action);

describe("an account that changes its password", () => {
  test("signs in with the new one only; its other sessions and sockets end, and this one goes on", async () => {
    const staff = await server.createStaff("agent");
    const [own, other] = [await signedIn(staff), await signedIn(staff)];
    await own.register();
    other.joinAccountOf(own);
    await other.register();
    const socket = await RelaySocket.open(server, other);
    const replacement = another();
    expect((await change(own, staff.password, replacement)).status).toBe(204);

    expect(await isServed(own)).toBe("served");
    expect(await isServed(other)).toBe("session_revoked");
    expect(await socket.closed).toBe(4501);
    expect(await signIn(staff, staff.password)).toBe(401);
    expect(await signIn(staff, replacement)).toBe(201);
    expect((await entries("user.change_password")).at(-1)).toMatchObject({
      outcome: "success",
      actor: { id: staff.id },
      resource: { type: "user", id: staff.id },
      details: { sessions: 1 },
      decision: { allowed: true, reasons: ["own_account"] },
    });
  });

  test("must know the present one, which is audited", async () => {
    const staff = await server.createStaff("agent");
    const reply = await change(await signedIn(staff), "not the present one", another());
    expect([reply.status, reply.body.code]).toEqual([403, "wrong_password"]);
    expect((await entries("user.change_password")).at(-1)).toMatchObject({
      outcome: "refused",
      reason: "wrong_password",
      actor: { id: staff.id },
    });
    expect(await signIn(staff, staff.password)).toBe(201);
  });

  test("gets one of two changes at the same time", async () => {
    const staff = await server.createStaff("agent");
    const devices = [await signedIn(staff), await signedIn(staff)];
    const replies = await Promise.all(
      devices.map((device) => change(device, staff.password, another())),
    );
    expect(replies.filter(({ status }) => status === 204)).toHaveLength(1);
  });

  test("may type it on another system: other spaces and other forms of one character are the same", async () => {
    const staff = await server.createStaff("agent");
    const device = await signedIn(staff);
    expect(
      (await change(device, staff.password, "caf\u00e9 au lait\u00a0pour Zo\u00eb")).status,
    ).toBe(204);
    expect(await signIn(staff, "cafe\u0301 au\u2003lait pour Zoe\u0308")).toBe(201);
    expect(await signIn(staff, "Cafe\u0301 au lait pour Zoe\u0308")).toBe(401);
  });

  test.each<[string, (staff: TestStaff) => string, string]>([
    ["is short", () => "fourteen chars", "weak_password"],
    ["has a character that nobody sees", () => `${another()}\u200b`, "weak_password"],
    ["has the user name", ({ username }) => `my ${username.toUpperCase()}!`, "password_too_common"],
    ["has the tenant's name", ({ tenant }) => `we love ${tenant} at work`, "password_too_common"],
    ["is on the list", () => "1qaz2wsx3edc4rfv", "password_too_common"],
    ["is a common one with digits", () => "Password1234567!", "password_too_common"],
    ["is two common ones", () => "dragonsunshine2024", "password_too_common"],
    ["repeats a text", () => "x7q!x7q!x7q!x7q!", "password_too_common"],
    ["is a row of keys", () => "QWERTYUIOPASDFG", "password_too_common"],
  ])("is told why if the new one %s", async (_what, replacement, code) => {
    const staff = await server.createStaff("agent");
    const reply = await change(await signedIn(staff), staff.password, replacement(staff));
    expect([reply.status, reply.body.code]).toEqual([400, code]);
    expect(reply.body.detail).toMatch(/^A password|^Many people/);
    expect(await signIn(staff, staff.password)).toBe(201);
  });

  test("uses a registered device if it has one, so that a stolen password alone does not shut the owner out", async () => {
    const staff = await server.createStaff("agent");
    const [own, thief] = [await signedIn(staff), await signedIn(staff)];
    await own.register();
    const reply = await change(thief, staff.password, another());
    expect([reply.status, reply.body.code]).toEqual([403, "device_required"]);
    expect((await change(own, staff.password, another())).status).toBe(204);
  });

  test("is refused without a password: a customer has none", async () => {
    const reply = await change(await customerDevice(server), another(), another());
    expect([reply.status, reply.body.code]).toEqual([403, "forbidden"]);
  });
});

test("a thief of a session cannot guess without end, and does not keep the owner from signing in", async () => {
  const limited = await startTestServer({ signInLimit: { burst: 3, secondsPerFurther: 3600 } });
  const staff = await limited.createStaff("agent");
  const device = new TestDevice(limited);
  await device.signInAsStaff(staff);
  const codes: string[] = [];
  for (let guess = 0; guess < 5; guess++)
    codes.push((await change(device, another(), another())).body.code as string);
  expect(codes.slice(0, 3)).toEqual(Array(3).fill("wrong_password"));
  expect(codes.slice(3)).toEqual(Array(2).fill("rate_limited"));
  expect((await change(device, staff.password, another())).body.code).toBe("rate_limited");
  expect(await signIn(staff, staff.password, limited)).toBe(201);
  await limited.close();
});

test("the operator sets a password, which ends every session", async () => {
  const staff = await server.createStaff("agent");
  const device = await signedIn(staff);
  const password = another();
  const named = ["--tenant", server.tenant.slug, "--username", staff.username];
  const weak = await runSealdesk(server, ["user", "set-password", ...named], "passwordpassword\n");
  expect([weak.code, weak.err]).toEqual([1, expect.stringContaining("Choose another one.")]);
  const set = await runSealdesk(server, ["user", "set-password", ...named], `${password}\n`);
  expect([set.code, set.out]).toEqual([0, expect.stringContaining("Ended 1 sessions.")]);
  expect(await isServed(device)).toBe("session_revoked");
  expect(await signIn(staff, password)).toBe(201);
  expect((await entries("user.set_password")).at(-1)).toMatchObject({
    actor: { kind: "system", id: "operator" },
    subject: staff.id,
    details: { sessions: 1 },
  });
});

test("no password is in the logs", async () => {
  const staff = await server.createStaff("agent");
  const [wrong, replacement] = [another(), another()];
  const device = await signedIn(staff);
  await change(device, wrong, replacement);
  await change(device, staff.password, replacement);
  const written = server.logged() + JSON.stringify(await server.auditEntries());
  for (const secret of [staff.password, wrong, replacement]) expect(written).not.toContain(secret);
});

test("the server's database role replaces only a password that it names", async () => {
  const staff = await server.createStaff("agent");
  const customer = await customerDevice(server, randomUUID());
  const admin = await staffDevice(server, "admin");
  const { owner } = server.database;
  const replaced = async (user: string, present: string | null) => {
    const client = await server.database.pool.connect();
    try {
      await client.query("select set_config('sealdesk.tenant', $1, false)", [server.tenant.id]);
      const { rows } = await client.query<{ replaced: boolean }>(
        "select sealdesk.replace_password($1, $2, 'another') as replaced",
        [user, present],
      );
      return rows[0]?.replaced;
    } finally {
      client.release(true);
    }
  };
  for (const user of [staff.id, customer.user, admin.user])
    for (const present of [null, "", "something"])
      expect(await replaced(user, present)).toBe(false);
  const { rowCount } = await owner.query(
    "select from sealdesk.users where password_hash = 'another'",
  );
  expect(rowCount).toBe(0);
});
