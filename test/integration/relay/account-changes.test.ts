import { randomUUID } from "node:crypto";
import { decodeControl } from "../../../crypto/wire/frame.ts";
import { suspendTenant } from "../../../identity/accounts/suspend-tenant.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation, helloOf, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { tickMs: 10, suspensionPollMs: 20 });
});
afterAll(async () => {
  await server.close();
});

const suspend = (tenant: TestTenant, suspended: boolean) =>
  suspendTenant(server.database.ownerUrl, {
    slug: tenant.slug,
    suspended,
    nowMs: server.clock.now(),
  });

test("a suspended tenant: sockets close, requests and sign-ins are refused, others go on", async () => {
  const tenant = await server.createTenant();
  const subject = randomUUID();
  const device = await customerDevice(server, subject, tenant);
  const agent = await staffDevice(server, "agent", tenant);
  const neighbour = await customerDevice(server);
  const [socket, other, beside] = await Promise.all([
    RelaySocket.open(server, device),
    RelaySocket.open(server, agent),
    RelaySocket.open(server, neighbour),
  ]);

  await suspend(tenant, true);
  expect(await socket.closed).toBe(4504);
  expect(await other.closed).toBe(4504);
  expect(beside.socket.readyState).toBe(beside.socket.OPEN);
  const refusal = await device.request("GET", "/v1/staff");
  expect([refusal.status, refusal.body.code]).toEqual([403, "tenant_suspended"]);
  const dialled = await RelaySocket.dial(server);
  dialled.send({ kind: "hello", body: helloOf(device) });
  expect((await dialled.next("fault")).code).toBe("tenant_suspended");
  expect(await dialled.closed).toBe(4504);
  const signIn = await device.signInAsCustomer(subject, tenant);
  expect([signIn.status, signIn.body.code]).toEqual([403, "tenant_suspended"]);

  await suspend(tenant, false);
  const again = await RelaySocket.open(server, device);
  await again.close();
  await beside.close();
  const actions = (await server.auditEntries(tenant)).map((entry) => entry["action"]);
  expect(actions).toEqual(expect.arrayContaining(["tenant.suspend", "tenant.resume"]));
});

test("a tenant that is suspended again has its sockets closed again", async () => {
  const tenant = await server.createTenant();
  const device = await customerDevice(server, randomUUID(), tenant);
  for (let time = 0; time < 2; time++) {
    const socket = await RelaySocket.open(server, device);
    await suspend(tenant, true);
    expect(await socket.closed).toBe(4504);
    await suspend(tenant, false);
  }
});

test("a device added and removed: members see it at once, in a new epoch", async () => {
  const subject = randomUUID();
  const first = await customerDevice(server, subject);
  const agent = await staffDevice(server);
  const id = await createConversation(first, [agent]);
  const watching = await RelaySocket.open(server, agent);
  await watching.next("synced");
  await watching.deliveries(1);

  const second = new TestDevice(server);
  second.joinAccountOf(first);
  await second.signInAsCustomer(subject);
  await second.register();
  const [added] = await watching.deliveries(1);
  expect(added).toMatchObject({ kind: "device_added", epoch: 2 });
  const devicesOf = (event: typeof added) =>
    decodeControl(event?.ciphertext ?? new Uint8Array())
      .members.flatMap(({ devices }) => devices)
      .toSorted();
  expect(devicesOf(added)).toEqual([first.id, second.id, agent.id].toSorted());
  expect(await watching.post(messageTo(id, [first]))).toMatchObject({ code: "stale_epoch" });

  const socket = await RelaySocket.open(server, second);
  expect((await first.remove(second)).status).toBe(204);
  expect(await socket.closed).toBe(4503);
  const [removed] = await watching.deliveries(1);
  expect(removed).toMatchObject({ kind: "device_removed", epoch: 3 });
  expect(devicesOf(removed)).toEqual([first.id, agent.id].toSorted());
  await watching.close();
});

test("a reset account: cut off on every node at once, and a newcomer when it comes back", async () => {
  const subject = randomUUID();
  const first = await customerDevice(server, subject);
  const second = new TestDevice(server);
  second.joinAccountOf(first);
  await second.signInAsCustomer(subject);
  await second.register();
  const [agent, admin] = [await staffDevice(server), await staffDevice(server, "admin")];
  const id = await createConversation(first, [agent]);
  const other = await server.startNode();
  const watching = await RelaySocket.open(server, agent);
  const [here, there] = [
    await RelaySocket.open(server, first),
    await RelaySocket.open(other, second),
  ];
  await watching.deliveries(1);
  const keyId = randomUUID();
  const before = messageTo(id, [first, second]);
  expect(await watching.post({ ...before, keyId })).toMatchObject({ seq: 2 });

  const body = { reason: "devices_lost" };
  const answer = await admin.request("POST", `/v1/users/${first.user}/reset`, { body });
  expect(answer.body).toEqual({ devicesRemoved: 2 });
  expect([await here.closed, await there.closed]).toEqual([4503, 4503]);
  const removed = await watching.deliveries(2);
  expect(removed).toMatchObject([
    { kind: "device_removed", epoch: 2, seq: 3 },
    { kind: "device_removed", epoch: 3, seq: 4 },
  ]);
  expect(await watching.post(messageTo(id, [], { keyId }))).toMatchObject({ code: "stale_epoch" });
  expect(await watching.post(messageTo(id, [], { epoch: 3 }))).toMatchObject({ seq: 5 });
  for (const [node, device] of [
    [server, first],
    [other, second],
  ] as const) {
    const dialled = await RelaySocket.dial(node);
    dialled.send({ kind: "hello", body: helloOf(device) });
    expect((await dialled.next("fault")).code).toBe("session_revoked");
    expect(await dialled.closed).toBe(4501);
  }

  const returned = new TestDevice(server);
  await returned.signInAsCustomer(subject);
  await returned.register();
  const [added] = await watching.deliveries(1);
  expect(added).toMatchObject({ kind: "device_added", epoch: 4, seq: 6 });
  const again = await RelaySocket.open(server, returned, [{ conversation: id, seq: 0 }]);
  const [earliest] = await again.deliveries(1);
  expect(earliest).toMatchObject({ kind: "device_added", seq: 6 });
  await Promise.all([watching.close(), again.close()]);
  await other.close();
});

test("a connection ends with its access token", async () => {
  const device = await customerDevice(server);
  const socket = await RelaySocket.dial(server);
  server.clock.offsetMs = 3_600_000 - 5_000;
  socket.send({ kind: "hello", body: helloOf(device) });
  await socket.next("welcome");
  server.clock.offsetMs = 0;
  expect(await socket.closed).toBe(4001);
});
