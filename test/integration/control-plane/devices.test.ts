import { randomBytes, randomUUID } from "node:crypto";
import { certificateBy, firstApproval } from "../../support/certified.ts";
import {
  customerDevice,
  ed25519,
  fakePreKeys,
  staffDevice,
  TestDevice,
} from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

/** A signed-in device that is not registered. */
async function signedIn(): Promise<TestDevice> {
  const device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
  return device;
}

/** A further device of the same account, signed in. */
async function another(of: TestDevice, subject: string): Promise<TestDevice> {
  const device = new TestDevice(server);
  device.joinAccountOf(of);
  await device.signInAsCustomer(subject);
  return device;
}

describe("registering", () => {
  test("makes the device known, with its certificate, and sets the account's key", async () => {
    const device = await signedIn();
    const body = device.registration();
    const reply = await device.request("POST", "/v1/devices", { body });
    expect([reply.status, reply.body]).toEqual([201, { device: device.id }]);
    const listed = await device.request("GET", `/v1/users/${device.user}/devices`);
    expect(listed.body).toEqual({
      user: device.user,
      role: "agent",
      anonymous: false,
      staffCertificate: { text: expect.any(String), signature: expect.any(String) },
      displayName: "Test agent",
      accountKey: body["accountKey"],
      devices: [
        {
          id: device.id,
          registrationId: body["registrationId"],
          deviceKey: base64url(device.deviceKey.publicKey),
          identityKey: body["identityKey"],
          receiptKey: body["receiptKey"],
          certificate: body["certificate"],
        },
      ],
    });
  });

  test("again with the same record changes nothing and is no error", async () => {
    const device = await signedIn();
    const body = device.registration();
    expect((await device.request("POST", "/v1/devices", { body })).status).toBe(201);
    expect((await device.request("POST", "/v1/devices", { body })).status).toBe(201);
    const listed = await device.request("GET", `/v1/users/${device.user}/devices`);
    expect(listed.body.devices).toHaveLength(1);
  });

  test("a second device needs the account's key", async () => {
    const subject = randomUUID();
    const first = await customerDevice(server, subject);
    const second = await another(first, subject);
    second.accountKey = ed25519();
    expect((await second.register()).body.code).toBe("account_key_mismatch");
    second.joinAccountOf(first);
    expect((await second.register()).status).toBe(201);
  });

  test.each<[string, object]>([
    ["nobody", { approval: undefined }],
    ["another key", { approval: { signature: base64url(randomBytes(64)) } }],
  ])("a first device approved by %s is refused", async (_who, changes) => {
    const device = await signedIn();
    const reply = await device.register(changes);
    expect([reply.status, reply.body.code]).toEqual([403, "device_not_approved"]);
    expect((await device.register()).status).toBe(201);
  });

  test.each<[string, (second: TestDevice, first: TestDevice) => Promise<object>]>([
    ["nobody", async () => ({ approval: undefined })],
    ["a device that is not registered", async (second) => ({ approval: second.approve(second) })],
    [
      "another account's device",
      async (second) => ({ approval: (await customerDevice(server)).approve(second) }),
    ],
    [
      "a holder of the account key alone",
      async (second, first) => {
        const thief = new TestDevice(server);
        const { signature } = thief.approve(second);
        return { approval: { device: first.id, signature } };
      },
    ],
    [
      "the account key",
      async (second) => {
        const { signature } = firstApproval(second.record, second.accountKey);
        return { approval: { signature: base64url(signature) } };
      },
    ],
    [
      "a device that approved another one",
      async (second, first) => {
        const other = new TestDevice(server);
        Object.assign(other, { tenant: second.tenant, user: second.user });
        return { approval: first.approve(other) };
      },
    ],
  ])("a second device approved by %s is refused and not logged", async (_who, changes) => {
    const subject = randomUUID();
    const first = await customerDevice(server, subject);
    const second = await another(first, subject);
    const reply = await second.register(await changes(second, first));
    expect([reply.status, reply.body.code]).toEqual([403, "device_not_approved"]);
    const { body } = await first.request("GET", `/v1/users/${first.user}/key-history`);
    expect(body.entries).toHaveLength(1);
    expect((await second.register()).status).toBe(201);
  });

  test("a removed device approves nobody", async () => {
    const subject = randomUUID();
    const first = await customerDevice(server, subject);
    const second = await another(first, subject);
    await second.register();
    await first.remove(second);
    const third = await another(second, subject);
    expect((await third.register()).body.code).toBe("device_not_approved");
    third.joinAccountOf(first);
    expect((await third.register()).status).toBe(201);
  });

  test("two first devices at once: one sets the account's key, the other is refused", async () => {
    const subject = randomUUID();
    const devices = [new TestDevice(server), new TestDevice(server)];
    for (const device of devices) await device.signInAsCustomer(subject);
    const replies = await Promise.all(devices.map((device) => device.register()));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201, 409]));
  });

  test.each<[string, (device: TestDevice) => object]>([
    ["by another key", () => ({ certificate: base64url(randomBytes(64)) })],
    [
      "by the account key",
      (device) => ({ certificate: base64url(certificateBy(device.record, device.accountKey)) }),
    ],
    ["for another device", () => ({ id: randomUUID() })],
    ["for another identity key", () => ({ identityKey: base64url(randomBytes(33)) })],
    ["for another receipt key", () => ({ receiptKey: base64url(randomBytes(32)) })],
    ["by an account key it does not name", () => ({ accountKey: base64url(randomBytes(32)) })],
    ["for another user", (device) => changed(device, "user")],
    ["for another tenant", (device) => changed(device, "tenant")],
    ["for a device key that is not the proof's", (device) => otherDeviceKey(device)],
  ])("with a certificate %s is refused", async (_what, changes) => {
    const device = await signedIn();
    const reply = await device.register(changes(device));
    expect(reply.body.code).toBe("invalid_certificate");
    expect((await device.request("GET", "/v1/devices/current/prekeys")).body.code).toBe(
      "device_required",
    );
  });

  /** A registration whose certificate was made while one fact was another. */
  function changed(device: TestDevice, fact: "user" | "tenant"): object {
    const { user, tenant } = device;
    if (fact === "user") device.user = newId();
    else device.tenant = newId();
    const { certificate } = device.registration();
    Object.assign(device, { user, tenant });
    return { certificate };
  }

  function otherDeviceKey(device: TestDevice): object {
    const elsewhere = new TestDevice(server);
    const { id, user, tenant, accountKey, identityKey, receiptKey } = device;
    return Object.assign(elsewhere, {
      id,
      user,
      tenant,
      accountKey,
      identityKey,
      receiptKey,
    }).registration();
  }

  test("an id that is taken is refused, also when it is another tenant's", async () => {
    const other = await staffDevice(server, "agent", await server.createTenant());
    const device = await signedIn();
    Object.assign(device, { id: other.id });
    expect((await device.register()).body.code).toBe("device_exists");
  });

  test("leaves nothing behind when its prekeys are refused", async () => {
    const device = await signedIn();
    const preKeys = { ...fakePreKeys(), preKeys: [{ id: 1, publicKey: "AAAA" }] };
    expect((await device.register({ preKeys })).body.code).toBe("invalid_prekey");
    const listed = await device.request("GET", `/v1/users/${device.user}/devices`);
    expect(listed.body).toMatchObject({ accountKey: null, devices: [] });
  });

  test.each<[string, object]>([
    ["a property that is not known", { admin: true }],
    ["an id that is no UUID", { id: "device" }],
    ["a key of the wrong length", { receiptKey: "AAAA" }],
    ["a key that is not base64url", { receiptKey: "+".repeat(43) }],
  ])("with %s is refused, without repeating it", async (_what, changes) => {
    const device = await signedIn();
    const reply = await device.register(changes);
    expect(reply.body).toMatchObject({ status: 400, code: "invalid_request" });
    for (const value of Object.values(changes))
      expect(reply.body.detail).not.toContain(String(value));
  });

  test("is in the audit log, as are refusals", async () => {
    const device = await signedIn();
    await device.register({ certificate: base64url(randomBytes(64)) });
    await device.register();
    const entries = (await server.auditEntries()).filter(
      ({ resource }) => (resource as { id: string }).id === device.id,
    );
    expect(entries.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["refused", "invalid_certificate"],
      ["success", undefined],
    ]);
  });
});

describe("revoking a device", () => {
  test("ends the device's sessions, hides it, and refuses it for ever", async () => {
    const subject = randomUUID();
    const first = await customerDevice(server, subject);
    const second = await another(first, subject);
    await second.register();
    expect((await first.remove(second)).status).toBe(204);
    const listed = await first.request("GET", `/v1/users/${first.user}/devices`);
    expect(listed.body.devices.map(({ id }: { id: string }) => id)).toEqual([first.id]);
    expect((await second.request("GET", "/v1/staff")).body.code).toBe("session_revoked");
    expect((await second.signInAsCustomer(subject)).body.code).toBe("device_revoked");
  });

  test("needs a registered device, because a password alone does not suffice", async () => {
    const subject = randomUUID();
    const first = await customerDevice(server, subject);
    const thief = await another(first, subject);
    const reply = await thief.remove(first);
    expect([reply.status, reply.body.code]).toEqual([403, "device_required"]);
    expect((await first.request("GET", "/v1/staff")).status).toBe(200);
    expect(
      (await server.auditEntries()).findLast(({ action }) => action === "device.revoke"),
    ).toMatchObject({
      outcome: "refused",
      reason: "device_required",
      decision: { allowed: false, reasons: ["device_not_registered"] },
    });
  });

  test("another user's device is refused as if it did not exist", async () => {
    const mine = await staffDevice(server);
    const theirs = await staffDevice(server);
    const reply = await mine.request("DELETE", `/v1/devices/${theirs.id}`);
    expect([reply.status, reply.body.code]).toEqual([404, "device_not_found"]);
    expect((await theirs.request("GET", "/v1/staff")).status).toBe(200);
  });
});

describe("looking up devices", () => {
  test("a customer finds staff, and no other customer", async () => {
    const customer = await customerDevice(server);
    const stranger = await customerDevice(server);
    const agent = await staffDevice(server);
    const lookUp = async (user: string) =>
      (await customer.request("GET", `/v1/users/${user}/devices`)).status;
    expect(await lookUp(agent.user)).toBe(200);
    expect(await lookUp(stranger.user)).toBe(403);
    expect(await lookUp(randomUUID())).toBe(404);
    expect(
      (await server.auditEntries()).findLast(({ reason }) => reason === "forbidden"),
    ).toMatchObject({
      action: "device.list",
      decision: { allowed: false, reasons: ["role_customer"] },
    });
  });

  test("staff are listed, all or by role", async () => {
    const agent = await staffDevice(server);
    const supervisor = await staffDevice(server, "supervisor");
    const customer = await customerDevice(server);
    const ids = async (query: string) =>
      ((await customer.request("GET", `/v1/staff${query}`)).body.staff as { id: string }[]).map(
        ({ id }) => id,
      );
    expect(await ids("")).toEqual(expect.arrayContaining([agent.user, supervisor.user]));
    expect(await ids("?role=supervisor")).toContain(supervisor.user);
    expect(await ids("?role=supervisor")).not.toContain(agent.user);
    expect(await ids("")).not.toContain(customer.user);
    expect((await customer.request("GET", "/v1/staff?role=customer")).status).toBe(400);
  });
});
