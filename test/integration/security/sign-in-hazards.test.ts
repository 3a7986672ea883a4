import { randomUUID } from "node:crypto";
import { TestDevice, customerDevice, fakePreKeys, staffDevice } from "../../support/device.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("a revoked device that signs in again leaves an audit entry", async () => {
  const subject = randomUUID();
  const device = await customerDevice(server, subject);
  await device.remove(device);
  expect((await device.signInAsCustomer(subject)).body.code).toBe("device_revoked");
  expect((await server.auditEntries()).at(-1)).toMatchObject({
    action: "session.create",
    outcome: "refused",
    reason: "device_revoked",
    subject: device.user,
  });
});

test("a customer's account is in the audit log from its first moment", async () => {
  const device = new TestDevice(server);
  await device.signInAsCustomer(randomUUID());
  const entries = (await server.auditEntries()).filter(({ subject }) => subject === device.user);
  expect(entries).toMatchObject([{ action: "user.create", details: { role: "customer" } }]);
});

test.each(["tenant", "username"])("a %s that no database takes is a bad request", async (field) => {
  const { id: _id, ...staff } = await server.createStaff("agent");
  const grant = { grant: "password", ...staff, [field]: "a\u0000b" };
  expect((await new TestDevice(server).signIn(grant)).status).toBe(400);
});

describe("with limits", () => {
  let limited: TestServer;
  beforeAll(async () => {
    limited = await startTestServer({
      signInLimit: { burst: 5, secondsPerFurther: 60 },
      networkSignInLimit: { burst: 5, secondsPerFurther: 60 },
      trustedProxies: ["127.0.0.1"],
    });
  });
  afterAll(() => limited.close());

  async function signInFrom(
    address: string,
    device: TestDevice,
    { tenant, username, password }: TestStaff,
  ): Promise<number> {
    const response = await fetch(`${limited.url}/v1/sessions`, {
      method: "POST",
      headers: {
        dpop: device.proof("POST", "/v1/sessions"),
        "content-type": "application/json",
        "x-forwarded-for": address,
      },
      body: JSON.stringify({ grant: "password", tenant, username, password }),
    });
    return response.status;
  }

  test("strangers who guess do not lock out a device that is registered", async () => {
    const staff = await limited.createStaff("agent");
    const own = new TestDevice(limited);
    await own.signInAsStaff(staff);
    await own.register();
    const wrong = { ...staff, password: "not the password" };
    const attempts = Array.from({ length: 8 }, (_, index) =>
      signInFrom(`192.0.2.${index + 1}`, new TestDevice(limited), wrong),
    );
    expect(await Promise.all(attempts)).toContain(429);
    expect(await signInFrom("192.0.2.100", new TestDevice(limited), staff)).toBe(429);
    expect(await signInFrom("192.0.2.101", own, staff)).toBe(201);
  });

  test("a registered device may not guess without end either", async () => {
    const staff = await limited.createStaff("agent");
    const own = new TestDevice(limited);
    await own.signInAsStaff(staff);
    await own.register();
    const wrong = { ...staff, password: "not the password" };
    const attempts = Array.from({ length: 6 }, (_, index) =>
      signInFrom(`192.0.2.${index + 120}`, own, wrong),
    );
    expect(await Promise.all(attempts)).toContain(429);
  });

  test("one IPv6 network counts as one address, because its holder has 2^64 of them", async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++)
      statuses.push(
        await signInFrom(`2001:db8:1:2:${attempt}::1`, new TestDevice(limited), {
          ...(await limited.createStaff("agent")),
          password: "not the password",
        }),
      );
    expect(statuses.at(-1)).toBe(429);
    const elsewhere = await limited.createStaff("agent");
    expect(await signInFrom("2001:db8:1:3::1", new TestDevice(limited), elsewhere)).toBe(201);
  });
});

describe("prekeys", () => {
  test("do not pile up, however often a device uploads", async () => {
    const device = await staffDevice(server);
    const codes: unknown[] = [];
    for (let upload = 1; upload <= 6; upload++) {
      const options = { oneTime: 100, firstId: upload * 1000, signedId: upload + 1 };
      const body = { ...fakePreKeys(options), kyberPreKeys: [] };
      codes.push((await device.request("PUT", "/v1/devices/current/prekeys", { body })).body.code);
    }
    expect(codes.filter((code) => code !== undefined)).toEqual([
      "too_many_prekeys",
      "too_many_prekeys",
    ]);
    const left = await device.request("GET", "/v1/devices/current/prekeys");
    expect(left.body.preKeys).toBeLessThanOrEqual(500);
  });
});

describe("prekey bundles", () => {
  test("are limited for an account as a whole, over all its sessions and devices", async () => {
    const limited = await startTestServer({ bundleLimit: { burst: 2, secondsPerFurther: 600 } });
    const target = await staffDevice(limited);
    const subject = randomUUID();
    const statuses: number[] = [];
    for (let session = 0; session < 3; session++) {
      const device = new TestDevice(limited);
      await device.signInAsCustomer(subject);
      statuses.push((await device.request("POST", `/v1/devices/${target.id}/bundle`)).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    await limited.close();
  });
});
