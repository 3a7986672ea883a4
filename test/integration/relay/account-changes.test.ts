import { randomUUID } from "node:crypto";
import { decodeControl } from "../../../crypto/wire/frame.ts";
import { suspendTenant } from "../../../keys/accounts/suspend-tenant.ts";
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
  suspendTenant(server.database.ownerUrl, server.database.pool, {
    slug: tenant.slug,
    suspended,
    now: server.clock.now(),
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
  second.accountKey = first.accountKey;
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
  expect((await first.request("DELETE", `/v1/devices/${second.id}`)).status).toBe(204);
  expect(await socket.closed).toBe(4503);
  const [removed] = await watching.deliveries(1);
  expect(removed).toMatchObject({ kind: "device_removed", epoch: 3 });
  expect(devicesOf(removed)).toEqual([first.id, agent.id].toSorted());
  await watching.close();
});

test("a connection ends with its access token", async () => {
  const device = await customerDevice(server);
  server.clock.offsetMs = 3_600_000 - 1_500;
  const socket = await RelaySocket.open(server, device);
  server.clock.offsetMs = 0;
  expect(await socket.closed).toBe(4001);
});
