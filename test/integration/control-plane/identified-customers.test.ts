import { anonymousDevice, anonymousTenant, signInAnonymously } from "../../support/anonymous.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

let server: TestServer;
let tenant: TestTenant;
let agent: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  tenant = await anonymousTenant(server);
  agent = await staffDevice(server, "agent", tenant);
});
afterAll(() => server.close());

const identifications = async (user: string) =>
  (await server.auditEntries(tenant)).filter(
    ({ action, subject }) => action === "user.identify" && subject === user,
  );
const shownTo = async (device: TestDevice, { user }: TestDevice) =>
  (await device.request("GET", `/v1/users/${user}/devices`)).body;

test("an anonymous customer becomes known, with the same account, device and conversation", async () => {
  const device = await anonymousDevice(server, tenant);
  const { user, token: anonymousToken } = device;
  const conversation = await createConversation(device, [agent]);
  const before = await shownTo(agent, device);
  expect(before).toMatchObject({ anonymous: true, displayName: null });

  expect((await device.signInAsCustomer("mrs-x", tenant)).body.user.id).toBe(user);
  const { conversations } = (await device.request("GET", "/v1/conversations")).body;
  expect(conversations).toMatchObject([{ id: conversation, createdBy: user }]);
  // Nothing but the flag: the server has no name of a customer.
  expect(await shownTo(agent, device)).toEqual({ ...before, anonymous: false });
  expect(await identifications(user)).toMatchObject([{ details: { sessions: 1 } }]);
  const old = await device.request("GET", "/v1/staff", { token: anonymousToken });
  expect(old.body.code).toBe("session_revoked");

  expect((await signInAnonymously(device, tenant)).body.code).toBe("customer_known");
  expect((await device.signInAsCustomer("mrs-x", tenant)).body.user.id).toBe(user);
  expect(await identifications(user)).toHaveLength(1);
});

test("a customer who has an account does not get a second one", async () => {
  const known = await customerDevice(server, "has-account", tenant);
  const device = await anonymousDevice(server, tenant);
  const { user } = device;
  const reply = await device.signInAsCustomer("has-account", tenant);
  expect([reply.status, reply.body.code]).toEqual([409, "customer_exists"]);
  expect((await server.auditEntries(tenant)).at(-1)).toMatchObject({
    action: "session.create",
    outcome: "refused",
    reason: "customer_exists",
  });
  expect((await signInAnonymously(device, tenant)).body.user.id).toBe(user);
  expect(await shownTo(agent, device)).toMatchObject({ anonymous: true });
  expect((await known.signInAsCustomer("has-account", tenant)).status).toBe(201);
});

test("of two devices that become the same customer at once, one does", async () => {
  for (const subject of ["race-1", "race-2", "race-3"]) {
    const devices = [await anonymousDevice(server, tenant), await anonymousDevice(server, tenant)];
    const users = devices.map(({ user }) => user);
    const replies = await Promise.all(
      devices.map((device) => device.signInAsCustomer(subject, tenant)),
    );
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    const loser = devices[replies.findIndex(({ status }) => status === 409)]!;
    const winner = devices[replies.findIndex(({ status }) => status === 201)]!;
    expect(users).toContain(winner.user);
    expect(await shownTo(agent, loser)).toMatchObject({ anonymous: true });
    expect(await shownTo(agent, winner)).toMatchObject({ anonymous: false });
  }
});

test("one device that becomes known twice at once is identified once", async () => {
  const device = await anonymousDevice(server, tenant);
  const { user } = device;
  const replies = await Promise.all(
    [1, 2, 3].map(() => device.signInAsCustomer("at-once", tenant)),
  );
  expect(replies.map(({ body }) => body.user?.id)).toEqual([user, user, user]);
  expect(await identifications(user)).toHaveLength(1);
});

test("a token of another tenant, or of another key, identifies nobody", async () => {
  const device = await anonymousDevice(server, tenant);
  const { user } = device;
  const other = await anonymousTenant(server);
  const grant = { grant: "customer_token", tenant: tenant.slug };
  const foreign = await server.customerToken("somebody", other);
  expect((await device.signIn({ ...grant, token: foreign })).body.code).toBe("sign_in_failed");
  // At the other tenant, the same key is somebody else.
  const elsewhere = await device.signIn({ ...grant, tenant: other.slug, token: foreign });
  expect(elsewhere.status).toBe(201);
  expect(elsewhere.body.user.id).not.toBe(user);
  device.user = user;
  expect(await shownTo(agent, device)).toMatchObject({ anonymous: true });
  expect(await identifications(user)).toEqual([]);
});

test("a proof that was used, and a removed device, identify nobody", async () => {
  const device = await anonymousDevice(server, tenant);
  const { user } = device;
  const body = {
    grant: "customer_token",
    tenant: tenant.slug,
    token: await server.customerToken("replayed", tenant),
  };
  const proof = device.proof("POST", "/v1/sessions");
  await device.request("POST", "/v1/sessions", {
    body: { grant: "anonymous", tenant: tenant.slug },
    proof,
    token: "",
  });
  const replayed = await device.request("POST", "/v1/sessions", { body, proof, token: "" });
  expect(replayed.body.code).toBe("proof_reused");
  await server.database.owner.query(
    "update sealdesk.devices set revoked_at_ms = 1 where user_id = $1",
    [user],
  );
  expect((await device.signIn(body)).body.code).toBe("device_revoked");
  expect(await identifications(user)).toEqual([]);
});
