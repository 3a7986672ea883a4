import type { AssuranceLevel } from "../../../policies/sign-in-facts.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";
import { staffDevice, TestDevice } from "../../support/device.ts";
import { putPolicyInForce } from "../../support/policy-in-force.ts";
import { messageTo, RelaySocket, requestConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const signIn = async (device: TestDevice, subject: string, of: TestTenant, ial?: AssuranceLevel) =>
  device.signIn({
    grant: "customer_token",
    tenant: of.slug,
    token: await server.customerToken(subject, of, ial),
  });

/** A registered device of a customer whose backend states this level. */
async function customer(tenant: TestTenant, ial?: AssuranceLevel) {
  const device = new TestDevice(server);
  const subject = newId<UserId>();
  expect((await signIn(device, subject, tenant, ial)).status).toBe(201);
  expect((await device.register()).status).toBe(201);
  return { device, subject };
}

const narrowed = (rule: string, action: string, name: string) => ({
  id: `local.${name}`,
  narrows: rule,
  actions: [action],
  roles: ["customer"],
  conditions: { assurance: { $gte: 2 } },
  means: "The customer's identity was verified.",
});

test("a version demands an assurance level, and a sign-in with it fulfils the demand", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const { device, subject } = await customer(tenant, 1);
  const unstated = await customer(tenant);
  await putPolicyInForce(server, tenant, {
    off: ["conversation.begin"],
    add: [narrowed("conversation.begin", "create", "begin")],
  });
  for (const each of [device, unstated.device])
    expect(await requestConversation(each, [agent])).toMatchObject({
      status: 403,
      body: { code: "step_up_required" },
    });
  expect((await server.auditEntries(tenant)).at(-1)).toMatchObject({
    action: "conversation.create",
    outcome: "refused",
    decision: { allowed: false, reasons: ["role_customer", "sign_in_too_weak"] },
  });
  const auditor = await staffDevice(server, "auditor", tenant);
  const asked = `/v1/policy/explanation?user=${device.user}&action=create&resource=conversation`;
  expect((await auditor.request("GET", asked)).body).toMatchObject({
    allowed: false,
    rules: [
      {
        rule: "local.begin",
        role: true,
        conditions: expect.arrayContaining([
          { fact: "assurance", wanted: { $gte: 2 }, holds: false },
        ]),
      },
    ],
  });

  expect((await signIn(device, subject, tenant, 2)).status).toBe(201);
  expect((await server.auditEntries(tenant)).at(-1)).toMatchObject({
    action: "session.create",
    details: { assurance: 2 },
  });
  expect((await requestConversation(device, [agent])).status).toBe(201);
  expect((await auditor.request("GET", asked)).body).toMatchObject({
    allowed: true,
    rule: "local.begin",
  });
});

test("a message is decided by the sign-in of the session that sends it", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const { device, subject } = await customer(tenant, 1);
  const { body } = await requestConversation(device, [agent]);
  await putPolicyInForce(server, tenant, {
    off: ["conversation.write"],
    add: [
      narrowed("conversation.write", "post", "write"),
      {
        ...narrowed("conversation.write", "post", "write_as_staff"),
        roles: ["agent"],
        conditions: {},
        means: "An agent writes.",
      },
    ],
  });
  const weak = await RelaySocket.open(server, device);
  expect(await weak.post(messageTo(body.id, [agent]))).toMatchObject({ code: "forbidden" });
  await signIn(device, subject, tenant, 2);
  const strong = await RelaySocket.open(server, device);
  expect(await strong.post(messageTo(body.id, [agent]))).toMatchObject({ seq: 2 });
});

test("a token with a level that does not exist is refused", async () => {
  for (const ial of [4, -1, 1.5, "2", null]) {
    const reply = await signIn(
      new TestDevice(server),
      "somebody",
      server.tenant,
      ial as AssuranceLevel,
    );
    expect([ial, reply.body.code]).toEqual([ial, "sign_in_failed"]);
  }
});
