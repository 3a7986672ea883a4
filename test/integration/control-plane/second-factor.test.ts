import { staffDevice, TestDevice, type Reply } from "../../support/device.ts";
import { beginTotp, enrolTotp, stopClock, totpCode } from "../../support/second-factor.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  stopClock(server);
});
beforeEach(() => {
  server.clock.offsetMs = 0;
});
afterAll(() => server.close());

const MINUTE = 60_000;
const signIn = (staff: TestStaff, secondFactor?: object, device = new TestDevice(server)) => {
  const { tenant, username, password } = staff;
  return device.signIn({
    grant: "password",
    tenant,
    username,
    password,
    ...(secondFactor && { secondFactor }),
  });
};
const codeOf = ({ status, body }: Reply) => (status < 300 ? status : (body.code as string));
const confirm = (device: TestDevice, code: string) =>
  device.request("POST", "/v1/account/totp/confirmation", { body: { code } });
const entries = async (action: string) =>
  (await server.auditEntries()).filter((entry) => entry["action"] === action);
/** A registered device of a new member of staff with a second factor. */
async function withFactor(role: Parameters<TestServer["createStaff"]>[0] = "agent") {
  const staff = await server.createStaff(role);
  const device = new TestDevice(server);
  const factor = await enrolTotp(server, device, staff);
  expect((await device.register()).status).toBe(201);
  return { staff, device, ...factor };
}

describe("an account with an authenticator app", () => {
  test("signs in with the password and a code, and is told what is missing only after the right password", async () => {
    const { staff, code } = await withFactor();
    const wrong = { ...staff, password: "not the password at all" };
    expect(codeOf(await signIn(wrong, { totp: code(1) }))).toBe("sign_in_failed");
    expect(codeOf(await signIn(wrong))).toBe("sign_in_failed");
    const asked = await signIn(staff);
    expect([asked.status, asked.body.code]).toEqual([401, "second_factor_required"]);
    const far = await signIn(staff, { totp: code(10) });
    expect([far.status, far.body.code]).toEqual([403, "second_factor_failed"]);
    expect(codeOf(await signIn(staff, { totp: code(1) }))).toBe(201);
    const created = await entries("session.create");
    expect(created.at(-1)).toMatchObject({ outcome: "success", details: { factor: "totp" } });
    expect(created.at(-2)).toMatchObject({
      outcome: "refused",
      reason: "second_factor_failed",
      subject: staff.id,
    });
  });

  test("uses each code once, also in two sign-ins at the same time", async () => {
    const { staff, code } = await withFactor();
    expect(codeOf(await signIn(staff, { totp: code(0) }))).toBe("second_factor_failed");
    const replies = await Promise.all([1, 1, 1].map((at) => signIn(staff, { totp: code(at) })));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    server.clock.offsetMs = 2 * MINUTE;
    expect(codeOf(await signIn(staff, { totp: code(0) }))).toBe(201);
    // A code of an earlier step is not taken after a later one.
    expect(codeOf(await signIn(staff, { totp: code(-1) }))).toBe("second_factor_failed");
  });

  test("has ten recovery codes, each of which serves once", async () => {
    const { staff, recoveryCodes } = await withFactor();
    expect(new Set(recoveryCodes).size).toBe(10);
    const [first = "", second = ""] = recoveryCodes;
    expect(codeOf(await signIn(staff, { recoveryCode: first }))).toBe(201);
    expect(codeOf(await signIn(staff, { recoveryCode: first }))).toBe("second_factor_failed");
    const typed = second.replaceAll("-", " ").toUpperCase();
    expect(codeOf(await signIn(staff, { recoveryCode: typed }))).toBe(201);
    expect((await entries("session.create")).at(-1)).toMatchObject({
      details: { factor: "recovery_code" },
    });
    const other = await withFactor();
    expect(codeOf(await signIn(other.staff, { recoveryCode: recoveryCodes[2] }))).toBe(
      "second_factor_failed",
    );
  });

  test("keeps its secret sealed, and writes no code into the logs", async () => {
    const { staff, secret, recoveryCodes, code } = await withFactor();
    await signIn(staff, { totp: code(1) });
    await signIn(staff, { recoveryCode: recoveryCodes[0] });
    const { rows } = await server.database.owner.query<{ secret: Buffer; all: string }>(
      `select f.secret, (select string_agg(r::text, '') from sealdesk.recovery_codes r) as all
       from sealdesk.totp_factors f where user_id = $1`,
      [staff.id],
    );
    // 20 bytes, with what sealing adds.
    expect(rows[0]?.secret).toHaveLength(65);
    const written =
      server.logged() + JSON.stringify(await server.auditEntries()) + JSON.stringify(rows);
    for (const each of [secret, ...recoveryCodes]) expect(written).not.toContain(each);
    expect(written).not.toContain(recoveryCodes[0]?.replaceAll("-", ""));
  });
});

describe("enrolling", () => {
  test("shows what an app reads, counts once it is confirmed, and ends sessions without a code", async () => {
    const staff = await server.createStaff("agent");
    const [device, other] = [new TestDevice(server), new TestDevice(server)];
    await other.signInAsStaff(staff);
    const { uri, secret, code } = await beginTotp(server, device, staff);
    const url = new URL(uri);
    expect(url.protocol).toBe("otpauth:");
    expect(url.searchParams.get("secret")).toBe(secret);
    expect(decodeURIComponent(url.pathname)).toContain(`:${staff.username}`);
    expect(codeOf(await signIn(staff))).toBe(201);

    expect(codeOf(await confirm(device, code(10)))).toBe("second_factor_failed");
    expect(codeOf(await confirm(device, code()))).toBe(200);
    expect(codeOf(await other.request("GET", "/v1/staff"))).toBe("session_revoked");
    expect(codeOf(await device.request("GET", "/v1/staff"))).toBe(200);
    expect(codeOf(await signIn(staff))).toBe("second_factor_required");
    expect((await entries("user.confirm_factor")).at(-1)).toMatchObject({
      actor: { id: staff.id },
      details: { sessions: 2 },
    });
    const again = await device.request("POST", "/v1/account/totp", {
      body: { password: staff.password },
    });
    expect([again.status, again.body.code]).toEqual([409, "second_factor_exists"]);
  });

  test("needs the password, within the last ten minutes", async () => {
    const staff = await server.createStaff("agent");
    const device = new TestDevice(server);
    const { code } = await beginTotp(server, device, staff);
    const wrong = { password: "not the password at all" };
    const refused = await device.request("POST", "/v1/account/totp", { body: wrong });
    expect([refused.status, refused.body.code]).toEqual([403, "wrong_password"]);
    server.clock.offsetMs = 11 * MINUTE;
    expect(codeOf(await confirm(device, code()))).toBe("second_factor_failed");
  });

  test("uses a registered device if there is one: a thief of the password enrols nothing", async () => {
    const staff = await server.createStaff("agent");
    const [own, thief] = [new TestDevice(server), new TestDevice(server)];
    await own.signInAsStaff(staff);
    await own.register();
    await thief.signInAsStaff(staff);
    const reply = await thief.request("POST", "/v1/account/totp", {
      body: { password: staff.password },
    });
    expect([reply.status, reply.body.code]).toEqual([403, "device_required"]);
  });
});

describe("guessing", () => {
  let limited: TestServer;
  beforeAll(async () => {
    limited = await startTestServer({
      signInLimit: { burst: 3, secondsPerFurther: 3600 },
      trustedProxies: ["127.0.0.1"],
    });
    stopClock(limited);
  });
  afterAll(() => limited.close());

  test("codes with the right password is limited, and keeps no registered device out", async () => {
    const staff = await limited.createStaff("agent");
    const own = new TestDevice(limited);
    const { code } = await enrolTotp(limited, own, staff);
    await own.register();
    const guess = () => signIn(staff, { totp: code(10) }, new TestDevice(limited));
    const codes: unknown[] = [];
    for (let at = 0; at < 5; at++) codes.push(codeOf(await guess()));
    expect(codes).toEqual([
      ...Array(3).fill("second_factor_failed"),
      "rate_limited",
      "rate_limited",
    ]);
    expect(codeOf(await signIn(staff, { totp: code(1) }, new TestDevice(limited)))).toBe(
      "rate_limited",
    );
    expect(codeOf(await signIn(staff, { totp: code(1) }, own))).toBe(201);
  });

  test("passwords uses up no attempts at the second factor", async () => {
    const staff = await limited.createStaff("agent");
    const own = new TestDevice(limited);
    const { code } = await enrolTotp(limited, own, staff);
    await own.register();
    const wrong = { ...staff, password: "not the password at all" };
    for (let at = 0; at < 5; at++) await signIn(wrong, { totp: code(1) }, new TestDevice(limited));
    expect(codeOf(await signIn(staff, { totp: code(1) }, own))).toBe(201);
  });
});

describe("a fresh proof", () => {
  const victimOf = async () => (await staffDevice(server)).user;
  const acts: [string, (admin: TestDevice) => Promise<Reply>][] = [
    [
      "resetting an account",
      async (admin) =>
        admin.request("POST", `/v1/users/${await victimOf()}/reset`, {
          body: { reason: "devices_lost" },
        }),
    ],
    [
      "removing a device of another account",
      async (admin) => admin.request("DELETE", `/v1/devices/${(await staffDevice(server)).id}`),
    ],
    [
      "resetting a password",
      async (admin) => admin.request("POST", `/v1/users/${await victimOf()}/password-reset`),
    ],
    [
      "resetting a second factor",
      async (admin) => admin.request("DELETE", `/v1/users/${(await withFactor()).staff.id}/totp`),
    ],
    [
      "approving a policy",
      async (admin) => {
        const proposer = await staffDevice(server, "admin");
        const draft = { reason: "The default rules are enough.", restores: 0 };
        const { body } = await proposer.request("POST", "/v1/policy/versions", { body: draft });
        const path = `/v1/policy/versions/${String(body["version"])}/approval`;
        return admin.request("POST", path, { body: { hash: body["hash"] } });
      },
    ],
    ["removing one's own second factor", (admin) => admin.request("DELETE", "/v1/account/totp")],
  ];

  test.each(acts)("is needed for %s, and counts for ten minutes", async (_what, act) => {
    const { device: admin, recoveryCodes, code } = await withFactor("admin");
    server.clock.offsetMs = 10 * MINUTE + 1000;
    const refused = await act(admin);
    expect([refused.status, refused.body.code]).toEqual([403, "step_up_required"]);
    expect(
      (await server.auditEntries()).findLast(({ outcome }) => outcome === "refused"),
    ).toMatchObject({
      reason: "step_up_required",
      decision: { allowed: false, reasons: ["factor_not_fresh"] },
    });
    const stepUp = (body: object) =>
      admin.request("POST", "/v1/sessions/current/step-up", { body });
    expect(codeOf(await stepUp({ totp: code(10) }))).toBe("second_factor_failed");
    expect(codeOf(await stepUp({ recoveryCode: recoveryCodes[0] }))).toBe(204);
    server.clock.offsetMs += 9 * MINUTE;
    expect((await act(admin)).status).toBeLessThan(300);
  });

  test("is not needed by an account without a second factor", async () => {
    for (const [, act] of acts.slice(0, 5)) {
      const admin = await staffDevice(server, "admin");
      server.clock.offsetMs = 11 * MINUTE;
      expect((await act(admin)).status).toBeLessThan(300);
    }
  });

  test("is not needed for removing a device of one's own: it may be in a thief's hands", async () => {
    const { device } = await withFactor();
    server.clock.offsetMs = 11 * MINUTE;
    expect(codeOf(await device.remove(device))).toBe(204);
  });
});

test("a person who lost the app signs in with the password alone after an admin removed the factor", async () => {
  const [{ staff, device }, admin] = [await withFactor(), await staffDevice(server, "admin")];
  const reset = () => admin.request("DELETE", `/v1/users/${staff.id}/totp`);
  expect(codeOf(await reset())).toBe(204);
  expect(codeOf(await device.request("GET", "/v1/staff"))).toBe("session_revoked");
  expect(codeOf(await signIn(staff))).toBe(201);
  expect(codeOf(await reset())).toBe("second_factor_missing");
  expect((await entries("user.reset_factor")).at(-2)).toMatchObject({
    actor: { id: admin.user },
    subject: staff.id,
    details: { sessions: 1 },
  });
  const { rowCount } = await server.database.owner.query(
    "select from sealdesk.recovery_codes where user_id = $1",
    [staff.id],
  );
  expect(rowCount).toBe(0);
  const supervisor = await staffDevice(server, "supervisor");
  const other = await withFactor();
  expect(codeOf(await supervisor.request("DELETE", `/v1/users/${other.staff.id}/totp`))).toBe(
    "forbidden",
  );
});

test("the operator removes a second factor", async () => {
  const { staff } = await withFactor("admin");
  const named = ["--tenant", server.tenant.slug, "--username", staff.username];
  const run = () => runSealdesk(server, ["user", "reset-second-factor", ...named]);
  expect(await run()).toMatchObject({ code: 0 });
  expect(codeOf(await signIn(staff))).toBe(201);
  expect(await run()).toMatchObject({ code: 1, err: "The account has no second factor.\n" });
});

test("codes are those of RFC 6238, appendix B", async () => {
  const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  const codes = [59, 1_111_111_109, 1_234_567_890, 20_000_000_000].map((s) =>
    totpCode(secret, s * 1000),
  );
  expect(codes).toEqual(["287082", "081804", "005924", "353130"]);
});
