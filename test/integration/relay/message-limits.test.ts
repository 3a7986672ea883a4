import { setTenantLimit } from "../../../identity/accounts/set-tenant-limit.ts";
import type { TenantLimitName } from "../../../policies/tenant-limits.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import {
  createConversation,
  helloOf,
  messageTo,
  requestConversation,
  RelaySocket,
} from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

const generous = { burst: 1_000, perSecond: 1_000 };
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    messageRates: {
      device: { burst: 5, perSecond: 2 },
      staffDevice: { burst: 8, perSecond: 20 },
      account: generous,
      tenant: { burst: 40, perSecond: 0.001 },
    },
    conversationRates: { customer: generous, tenant: generous },
    actRates: { customer: generous, staff: generous, tenant: generous },
  });
});
afterAll(async () => {
  await server.close();
});

async function storedMessages(conversation: ConversationId): Promise<number> {
  const { rows } = await server.database.owner.query<{ n: number }>(
    "select count(*)::int as n from sealdesk.events where conversation = $1 and kind = 1",
    [conversation],
  );
  return rows[0]?.n ?? 0;
}

test("over its burst a device is told how long to wait; nothing is stored, and waiting helps", async () => {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const id = await createConversation(customer, [agent]);
  const from = await RelaySocket.open(server, customer);
  const sends = Array.from({ length: 8 }, () => messageTo(id, [agent]));
  const answers = await Promise.all(sends.map((send) => from.post(send)));
  expect(answers.map((answer) => "seq" in answer)).toEqual([
    ...Array<boolean>(5).fill(true),
    ...Array<boolean>(3).fill(false),
  ]);
  const [refused] = answers.slice(5);
  expect(refused).toMatchObject({ code: "rate_limited", epoch: 0, devices: [] });
  const waitMs = refused !== undefined && "retryAfterMs" in refused ? refused.retryAfterMs : 0;
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(500);
  expect(await storedMessages(id)).toBe(5);

  await new Promise((resolve) => setTimeout(resolve, waitMs + 20));
  expect(await from.post(sends[5] ?? messageTo(id, [agent]))).toMatchObject({ seq: 7 });

  // Another device has its own measure, and staff a larger one.
  const to = await RelaySocket.open(server, agent);
  const replies = Array.from({ length: 8 }, () => to.post(messageTo(id, [customer])));
  expect((await Promise.all(replies)).every((answer) => "seq" in answer)).toBe(true);
  await Promise.all([from.close(), to.close()]);
});

test("all devices of a tenant together have a limit; another tenant has its own", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  let accepted = 0;
  for (let index = 0; index < 10; index++) {
    const customer = await customerDevice(server, `subject ${index}`, tenant);
    const id = await createConversation(customer, [agent]);
    const socket = await RelaySocket.open(server, customer);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => socket.post(messageTo(id, [agent]))),
    );
    accepted += answers.filter((answer) => "seq" in answer).length;
    await socket.close();
  }
  expect(accepted).toBe(40);
});

test("an operator gives one tenant other limits, which hold on a running server", async () => {
  const [tenant, other] = [await server.createTenant(), await server.createTenant()];
  const set = (limit: TenantLimitName, value: string | null) =>
    setTenantLimit(server.database.ownerUrl, { slug: tenant.slug, limit, value, nowMs: 0 });
  const agent = await staffDevice(server, "agent", tenant);
  const customer = await customerDevice(server, "limited", tenant);
  const neighbour = await customerDevice(server, "free", other);
  const begin = async () => (await requestConversation(customer, [agent])).status;
  const id = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, customer);

  await set("tenant_conversation_limit", "1,0.001");
  await until(async () => (await begin()) === 429);
  await set("tenant_conversation_limit", null);
  await until(async () => (await begin()) === 201);

  await set("tenant_message_limit", "1,0.001");
  await until(async () => {
    const answer = await socket.post(messageTo(id, [agent]));
    return "retryAfterMs" in answer && answer.retryAfterMs > 10_000;
  });

  await set("tenant_request_limit", "1,0.001");
  await until(async () => (await begin()) === 429);
  expect((await requestConversation(neighbour, [])).status).not.toBe(429);
  await set("tenant_request_limit", null);
  await until(async () => (await begin()) === 201);

  const welcome = async (device: TestDevice) => {
    const dialled = await RelaySocket.dial(server);
    dialled.send({ kind: "hello", body: helloOf(device) });
    const code = await Promise.race([
      dialled.closed,
      dialled.next("welcome").then(() => "welcome"),
    ]);
    dialled.socket.terminate();
    return code;
  };
  expect(await welcome(agent)).toBe("welcome");
  await set("tenant_socket_limit", "1");
  await until(async () => (await welcome(agent)) === 4003);
  expect(await welcome(neighbour)).toBe("welcome");
  await socket.close();

  const entries = await server.auditEntries(tenant);
  const limits = entries.filter(({ action }) => action === "tenant.set_limit");
  expect(limits.map(({ details }) => details)).toEqual([
    {
      limit: "tenant_conversation_limit",
      value: "1,0.001",
      limits: { tenant_conversation_limit: "1,0.001" },
    },
    { limit: "tenant_conversation_limit", limits: {} },
    {
      limit: "tenant_message_limit",
      value: "1,0.001",
      limits: { tenant_message_limit: "1,0.001" },
    },
    {
      limit: "tenant_request_limit",
      value: "1,0.001",
      limits: { tenant_message_limit: "1,0.001", tenant_request_limit: "1,0.001" },
    },
    { limit: "tenant_request_limit", limits: { tenant_message_limit: "1,0.001" } },
    {
      limit: "tenant_socket_limit",
      value: "1",
      limits: { tenant_message_limit: "1,0.001", tenant_socket_limit: "1" },
    },
  ]);
});
