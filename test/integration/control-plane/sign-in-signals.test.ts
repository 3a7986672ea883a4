import { anonymousDevice, anonymousTenant } from "../../support/anonymous.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { putPolicyInForce } from "../../support/policy-in-force.ts";
import { requestConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const anomalies = async (tenant: TestTenant) =>
  (await server.auditEntries(tenant)).filter(({ action }) => action === "session.anomaly");

const begin = (conditions: object) => ({
  off: ["conversation.begin"],
  add: [
    {
      id: "local.begin",
      narrows: "conversation.begin",
      actions: ["create"],
      roles: ["customer"],
      conditions,
      means: "The sign-in is not unusual.",
    },
  ],
});

test("a sign-in from a further device of an account leaves a signal, and is served", async () => {
  const tenant = await server.createTenant();
  await customerDevice(server, "somebody", tenant);
  expect(await anomalies(tenant)).toEqual([]);
  const further = new TestDevice(server);
  const reply = await further.signInAsCustomer("somebody", tenant);
  expect(reply.status).toBe(201);
  expect(await anomalies(tenant)).toMatchObject([
    { resource: { id: reply.body.session }, details: { signals: ["new_device"], signIns: 2 } },
  ]);
});

test("a policy asks for more evidence on a new device, until it is a day old", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const device = await customerDevice(server, "somebody", tenant);
  await putPolicyInForce(server, tenant, begin({ newDevice: false }));
  expect((await requestConversation(device, [agent])).body.code).toBe("step_up_required");
  await server.database.owner.query(
    "update sealdesk.devices set created_at_ms = created_at_ms - 86400001 where id = $1",
    [device.id],
  );
  expect((await requestConversation(device, [agent])).status).toBe(201);
});

test("many sign-ins of an account within an hour leave signals, and a policy can refuse acts", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const device = await customerDevice(server, "somebody", tenant);
  await putPolicyInForce(server, tenant, begin({ signInVelocity: { $lt: 10 } }));
  for (let signIns = 2; signIns < 10; signIns++) await device.signInAsCustomer("somebody", tenant);
  expect((await requestConversation(device, [agent])).status).toBe(201);
  expect((await device.signInAsCustomer("somebody", tenant)).status).toBe(201);
  expect((await requestConversation(device, [agent])).body.code).toBe("step_up_required");
  expect(await anomalies(tenant)).toMatchObject([
    { details: { signals: ["sign_in_velocity"], signIns: 10 } },
  ]);
});

test("accounts on a network are counted within a tenant, without its address", async () => {
  const tenant = await anonymousTenant(server);
  const agent = await staffDevice(server, "agent", tenant);
  await putPolicyInForce(server, tenant, begin({ accountsOnNetwork: { $lte: 2 } }));
  // The agent, the admin and the officer have signed in from here, and anonymous customers. They do not count.
  await anonymousDevice(server, tenant);
  await anonymousDevice(server, tenant);
  const [first, second, third] = [
    await customerDevice(server, "first", tenant),
    await customerDevice(server, "second", tenant),
    await customerDevice(server, "third", tenant),
  ];
  await first.signInAsCustomer("first", tenant);
  expect((await requestConversation(second, [agent])).status).toBe(201);
  expect((await requestConversation(third, [agent])).body.code).toBe("step_up_required");
  const { rows } = await server.database.owner.query<{ network: string }>(
    "select distinct network from sealdesk.sessions where tenant = $1",
    [tenant.id],
  );
  expect(rows).toEqual([{ network: expect.stringMatching(/^[\w-]{22}$/) }]);
});
