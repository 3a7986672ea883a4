import { TestDevice, type Reply } from "../../support/device.ts";
import { enrolTotp, stopClock } from "../../support/second-factor.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  stopClock(server);
});
afterAll(() => server.close());

const codeOf = ({ status, body }: Reply) => (status < 300 ? status : (body.code as string));
const signIn = (staff: TestStaff, secondFactor: object, device = new TestDevice(server)) => {
  const { tenant, username, password } = staff;
  return device.signIn({ grant: "password", tenant, username, password, secondFactor });
};
const countOf = async ({ id }: TestStaff) => {
  const { rows } = await server.database.owner.query<{ wrong_codes: number }>(
    "select wrong_codes from sealdesk.totp_factors where user_id = $1",
    [id],
  );
  return rows[0]?.wrong_codes;
};
const setCount = (staff: TestStaff, count: number) =>
  server.database.owner.query(
    "update sealdesk.totp_factors set wrong_codes = $2 where user_id = $1",
    [staff.id, count],
  );
const locks = async () =>
  (await server.auditEntries()).filter(({ action }) => action === "user.lock_factor");

async function withFactor() {
  const staff = await server.createStaff("agent");
  const device = new TestDevice(server);
  return { staff, device, ...(await enrolTotp(server, device, staff)) };
}

test("100 wrong codes in succession lock the app, and a recovery code unlocks it", async () => {
  const { staff, device, code, recoveryCodes } = await withFactor();
  await setCount(staff, 98);
  expect(codeOf(await signIn(staff, { totp: code(10) }))).toBe("second_factor_failed");
  const stepUp = await device.request("POST", "/v1/sessions/current/step-up", {
    body: { totp: code(10) },
  });
  expect(codeOf(stepUp)).toBe("second_factor_failed");
  expect(await locks()).toMatchObject([{ subject: staff.id, details: { wrongCodes: 100 } }]);

  const right = await signIn(staff, { totp: code(1) });
  expect([right.status, right.body.code]).toEqual([403, "second_factor_locked"]);
  expect((await server.auditEntries()).at(-1)).toMatchObject({
    action: "session.create",
    subject: staff.id,
    reason: "second_factor_locked",
  });
  expect(codeOf(await signIn(staff, { recoveryCode: recoveryCodes[0] }))).toBe(201);
  expect(codeOf(await signIn(staff, { totp: code(1) }))).toBe(201);
  expect(await countOf(staff)).toBe(0);
});

test("a right code sets the count back", async () => {
  const { staff, code } = await withFactor();
  await setCount(staff, 99);
  expect(codeOf(await signIn(staff, { totp: code(1) }))).toBe(201);
  expect(await countOf(staff)).toBe(0);
});

test("attempts at the same time count each, and none exceeds the limit", async () => {
  const { staff, device, code } = await withFactor();
  await setCount(staff, 95);
  const before = (await locks()).length;
  const body = { totp: code(10) };
  const replies = await Promise.all(
    Array.from({ length: 12 }, () =>
      device.request("POST", "/v1/sessions/current/step-up", { body }),
    ),
  );
  const codes = replies.map(codeOf);
  expect(codes.filter((each) => each === "second_factor_failed")).toHaveLength(5);
  expect(codes.filter((each) => each === "second_factor_locked")).toHaveLength(7);
  expect((await locks()).length - before).toBe(1);
  expect(await countOf(staff)).toBe(100);
});

test("nobody without the password raises the count", async () => {
  const { staff, code } = await withFactor();
  const stranger = { ...staff, password: "not the password at all" };
  for (const totp of [code(1), code(10)])
    expect(codeOf(await signIn(stranger, { totp }))).toBe("sign_in_failed");
  expect(await countOf(staff)).toBe(0);
});
