import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
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
