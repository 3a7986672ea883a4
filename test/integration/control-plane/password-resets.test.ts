import { randomBytes } from "node:crypto";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { staffDevice, TestDevice } from "../../support/device.ts";
import { partsOfLink } from "../../support/reset-link.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";

let server: TestServer;
let admin: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(async () => {
  server.clock.offsetMs = 0;
  admin = await staffDevice(server, "admin");
});
afterAll(() => server.close());

const HOUR = 3_600_000;
const another = () => randomBytes(12).toString("hex");
const ask = (by: TestDevice, user: string) =>
  by.request("POST", `/v1/users/${user}/password-reset`);
async function linkFor(staff: TestStaff): Promise<string> {
  const { status, body } = await ask(admin, staff.id);
  expect(status).toBe(201);
  return body.link as string;
}
/** As the page does: without a token and without a device proof. */
async function redeem(body: object, at: TestServer = server) {
  const response = await fetch(`${at.url}/v1/account/password-reset`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, code: codeIn(text) };
}
const codeIn = (text: string): unknown =>
  text === "" ? undefined : (JSON.parse(text) as { code: unknown }).code;
const signIn = async (staff: TestStaff, password: string) =>
  (await new TestDevice(server).signInAsStaff({ ...staff, password })).status;
const entries = async (action: string) =>
  (await server.auditEntries()).filter((entry) => entry["action"] === action);

test("a person chooses a new password with the link of an admin, once; the sessions end", async () => {
  const staff = await server.createStaff("agent");
  const device = new TestDevice(server);
  await device.signInAsStaff(staff);
  const link = await linkFor(staff);
  expect(link.startsWith(`${server.url}/password-reset#`)).toBe(true);
  expect(await signIn(staff, staff.password)).toBe(201);

  const password = another();
  expect((await redeem({ ...partsOfLink(link), password })).status).toBe(204);
  expect((await device.request("GET", "/v1/staff")).body.code).toBe("session_revoked");
  expect(await signIn(staff, staff.password)).toBe(401);
  expect(await signIn(staff, password)).toBe(201);
  expect(await redeem({ ...partsOfLink(link), password: another() })).toMatchObject({
    status: 403,
    code: "password_reset_refused",
  });
  expect((await entries("user.create_password_reset")).at(-1)).toMatchObject({
    actor: { id: admin.user, role: "admin" },
    subject: staff.id,
    decision: { allowed: true, reasons: ["admin"] },
  });
  expect((await entries("user.reset_password")).at(-2)).toMatchObject({
    actor: { kind: "system", id: "password-reset" },
    outcome: "success",
    subject: staff.id,
    details: { sessions: 2 },
  });
});

test("a person chooses a new password with a link that a program with an API key made", async () => {
  const staff = await server.createStaff("agent");
  const send = backendWith(server, await apiKeyOf(server, { scopes: ["reset_password"] }));
  const once = { "idempotency-key": "the-same-request" };
  const made = () => send("POST", `staff/${staff.id}/password-reset`, undefined, once);
  const links = [await made(), await made()].map(({ body }) => partsOfLink(body.link as string));
  const password = another();
  const redeemed = [];
  for (const link of links) redeemed.push((await redeem({ ...link, password })).status);
  expect(redeemed).toEqual([403, 204]);
  expect(await signIn(staff, password)).toBe(201);
  const { rows } = await server.database.owner.query<{ row: string }>(
    "select row(r.*)::text as row from sealdesk.api_requests r",
  );
  expect(JSON.stringify([rows, await server.auditEntries()])).not.toContain(links[1]?.token);
  const customer = new TestDevice(server);
  await customer.signInAsCustomer("somebody");
  expect((await send("POST", `staff/${customer.user}/password-reset`)).status).toBe(404);
});

test("what is no valid link gets one answer, whatever is wrong; the log says what", async () => {
  const staff = await server.createStaff("agent");
  const foreign = await server.createTenant();
  const older = partsOfLink(await linkFor(staff));
  const newer = partsOfLink(await linkFor(staff));
  const password = another();
  const unknown = randomBytes(32).toString("base64url");
  const refusals = [
    await redeem({ ...older, password }),
    await redeem({ ...newer, token: unknown, password }),
    await redeem({ ...newer, tenant: foreign.slug, password }),
    await redeem({ ...newer, tenant: "nowhere", password }),
  ];
  server.clock.offsetMs = 24 * HOUR + 1000;
  refusals.push(await redeem({ ...newer, password }));
  expect(new Set(refusals.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(refusals[0]).toMatchObject({ status: 403, code: "password_reset_refused" });
  const said = (await entries("user.reset_password")).map(({ reason }) => reason);
  expect(said.slice(-3)).toEqual(["unknown_link", "unknown_link", "link_expired"]);
  expect(await signIn(staff, password)).toBe(401);
});

test("refusals are answered in steps, so that their time tells nothing", async () => {
  const token = randomBytes(32).toString("base64url");
  for (const tenant of [server.tenant.slug, "nowhere"]) {
    const begunAtMs = performance.now();
    await redeem({ tenant, token, password: another() });
    expect(performance.now() - begunAtMs).toBeGreaterThanOrEqual(249);
  }
});

test("a link is valid for almost 24 hours, and a refused password does not use it up", async () => {
  const staff = await server.createStaff("agent");
  const parts = partsOfLink(await linkFor(staff));
  server.clock.offsetMs = 24 * HOUR - 60_000;
  expect(await redeem({ ...parts, password: `${staff.username} is me` })).toMatchObject({
    status: 400,
    code: "password_too_common",
  });
  expect((await redeem({ ...parts, password: another() })).status).toBe(204);
});

test("a link ends when the account changes its password itself", async () => {
  const staff = await server.createStaff("agent");
  const parts = partsOfLink(await linkFor(staff));
  const device = new TestDevice(server);
  await device.signInAsStaff(staff);
  const body = { present: staff.password, replacement: another() };
  await device.request("POST", "/v1/account/password", { body });
  expect((await redeem({ ...parts, password: another() })).code).toBe("password_reset_refused");
});

test("one of two who use a link at the same time succeeds", async () => {
  const parts = partsOfLink(await linkFor(await server.createStaff("agent")));
  const replies = await Promise.all(
    Array.from({ length: 3 }, () => redeem({ ...parts, password: another() })),
  );
  expect(replies.filter(({ status }) => status === 204)).toHaveLength(1);
});

test("only an admin with a registered device makes a link, for another account of the tenant with a password", async () => {
  const victim = await server.createStaff("agent");
  const unregistered = new TestDevice(server);
  await unregistered.signInAsStaff(await server.createStaff("admin"));
  const customer = new TestDevice(server);
  await customer.signInAsCustomer("a customer");
  const foreign = await server.createStaff("agent", await server.createTenant());
  const refusals: [TestDevice, string, string, string | undefined][] = [
    [customer, victim.id, "forbidden", "role_customer"],
    [await staffDevice(server, "supervisor"), victim.id, "forbidden", "role_supervisor"],
    [unregistered, victim.id, "device_required", "device_not_registered"],
    [admin, admin.user, "forbidden", "own_account"],
    [admin, customer.user, "forbidden", "no_password"],
    [admin, foreign.id, "user_not_found", undefined],
  ];
  for (const [by, user, code, reason] of refusals) {
    expect([user, (await ask(by, user)).body.code]).toEqual([user, code]);
    expect((await entries("user.create_password_reset")).at(-1)).toMatchObject({
      outcome: "refused",
      reason: code,
      actor: { id: by.user },
      ...(reason && { decision: { allowed: false, reasons: [reason] } }),
    });
  }
});

test("the operator prints a link, and the token is stored and logged nowhere", async () => {
  const staff = await server.createStaff("admin");
  const named = ["--tenant", server.tenant.slug, "--username", staff.username];
  const { code, out } = await runSealdesk(server, ["user", "reset-password", ...named]);
  const link = out.split("\n").at(1) ?? "";
  expect([code, link]).toEqual([0, expect.stringMatching(`^${server.url}/password-reset#`)]);
  const parts = partsOfLink(link);
  const password = another();
  expect((await redeem({ ...parts, password })).status).toBe(204);
  expect(await signIn(staff, password)).toBe(201);
  const { rows } = await server.database.owner.query<{ all: string | null }>(
    "select string_agg(r::text, '') as all from sealdesk.password_resets r",
  );
  const written = server.logged() + JSON.stringify(await server.auditEntries()) + rows[0]?.all;
  for (const secret of [parts.token, password]) expect(written).not.toContain(secret);
});

test("a network cannot guess without end", async () => {
  const limited = await startTestServer({
    networkSignInLimit: { burst: 3, secondsPerFurther: 60 },
  });
  const codes: unknown[] = [];
  for (let guess = 0; guess < 4; guess++) {
    const token = randomBytes(32).toString("base64url");
    const body = { tenant: limited.tenant.slug, token, password: another() };
    codes.push((await redeem(body, limited)).code);
  }
  expect(codes.at(-1)).toBe("rate_limited");
  expect(new Set(codes.slice(0, 3))).toEqual(new Set(["password_reset_refused"]));
  await limited.close();
});
