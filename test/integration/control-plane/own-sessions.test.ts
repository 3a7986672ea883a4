import { randomUUID } from "node:crypto";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const sessionsOf = async (device: TestDevice) =>
  (await device.request("GET", "/v1/sessions")).body.sessions as {
    readonly id: string;
    readonly device: string | null;
    readonly isCurrent: boolean;
  }[];

test("an account sees its own open sessions, and ends another one with its socket", async () => {
  const staff = await server.createStaff("agent");
  const [own, other] = [new TestDevice(server), new TestDevice(server)];
  await own.signInAsStaff(staff);
  await own.register();
  const { body: lost } = await other.signInAsStaff(staff);
  other.joinAccountOf(own);
  await other.register();
  const socket = await RelaySocket.open(server, other);
  await staffDevice(server);

  expect(await sessionsOf(own)).toEqual([
    expect.objectContaining({
      id: lost.session,
      device: other.id,
      isCurrent: false,
      method: "password",
    }),
    expect.objectContaining({ device: own.id, isCurrent: true, factorAtMs: null }),
  ]);
  expect((await own.request("DELETE", `/v1/sessions/${lost.session}`)).status).toBe(204);
  expect(await socket.closed).toBe(4501);
  expect((await other.request("GET", "/v1/staff")).body.code).toBe("session_revoked");
  expect(await sessionsOf(own)).toHaveLength(1);
  expect((await server.auditEntries()).at(-1)).toMatchObject({
    action: "session.revoke",
    actor: { id: staff.id },
    resource: { type: "session", id: lost.session },
  });
});

test("a session of another account, or one that ended, is not there", async () => {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  const [theirs] = await sessionsOf(agent);
  for (const id of [theirs?.id, randomUUID()]) {
    const reply = await customer.request("DELETE", `/v1/sessions/${id}`);
    expect([reply.status, reply.body.code]).toEqual([404, "session_not_found"]);
  }
  expect((await agent.request("GET", "/v1/staff")).status).toBe(200);
});
