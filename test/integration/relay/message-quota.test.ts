import { OPERATOR } from "../../../audit/operator.ts";
import { randomBytes } from "node:crypto";
import { recountStorage } from "../../../messaging/storage/recount.ts";
import { dayOf } from "../../../policies/message-quota.ts";
import { SeededRandom } from "../../../tools/testkit/seeded-random.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

const day = 86_400_000;
let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let conversation: ConversationId;
const recount = () =>
  recountStorage(server.database.pool, server.tenant.id, { by: OPERATOR, nowMs: 0 });
beforeEach(async () => {
  server = await startTestServer();
  [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  conversation = await createConversation(customer, [agent]);
});
afterEach(() => server.close());

const limit = (column: string, value: number) =>
  server.database.owner.query(`update sealdesk.tenants set message_${column} = $1 where id = $2`, [
    value,
    server.tenant.id,
  ]);

const isAccepted = (answer: object): boolean => "seq" in answer;
const codes = (answers: readonly object[]) =>
  answers.map((answer) => (isAccepted(answer) ? "accepted" : (answer as { code: string }).code));

/** Sends at once. The creation of a conversation counts as one event of its creator. */
async function post(device: TestDevice, count: number, on: Pick<TestServer, "url"> = server) {
  const socket = await RelaySocket.open(on, device);
  const to = device === customer ? agent : customer;
  const answers = await Promise.all(
    Array.from({ length: count }, () => socket.post(messageTo(conversation, [to]))),
  );
  await socket.close();
  return answers;
}

test("an account that stored its messages of a day is told when to go on; others are not", async () => {
  await limit("customer_day_count", 6);
  const answers = await post(customer, 8);
  expect(codes(answers)).toEqual([
    ...Array<string>(5).fill("accepted"),
    ...Array<string>(3).fill("quota_exceeded"),
  ]);
  const untilMidnight = (dayOf(server.clock.now()) + 1) * day - server.clock.now();
  const { retryAfterMs } = answers.at(-1) as { retryAfterMs: number };
  expect(retryAfterMs).toBeGreaterThan(untilMidnight - 1);
  expect(retryAfterMs).toBeLessThan(untilMidnight + 60_000);
  expect(codes(await post(agent, 2))).toEqual(["accepted", "accepted"]);
});

test("on the next day the account goes on", async () => {
  await limit("customer_day_count", 2);
  const socket = await RelaySocket.open(server, customer);
  const send = () => socket.post(messageTo(conversation, [agent]));
  expect(codes([await send(), await send()])).toEqual(["accepted", "quota_exceeded"]);
  server.clock.offsetMs += day;
  expect(codes([await send()])).toEqual(["accepted"]);
  await socket.close();
});

test("bytes of ciphertext and packets count", async () => {
  await limit("customer_day_bytes", 200_000);
  const socket = await RelaySocket.open(server, customer);
  const answers = [];
  for (let left = 5; left > 0; left--)
    answers.push(
      await socket.post({
        ...messageTo(conversation, [agent]),
        ciphertext: randomBytes(60_000),
      }),
    );
  expect(codes(answers)).toEqual([...Array<string>(4).fill("accepted"), "quota_exceeded"]);
  await socket.close();
});

test("a smaller message after a refused one is refused too, so that they keep their order", async () => {
  await limit("customer_day_bytes", 65_000);
  const socket = await RelaySocket.open(server, customer);
  const sends = [60_000, 60_000, 60_000, 1].map((size) => ({
    ...messageTo(conversation, [agent]),
    ciphertext: randomBytes(size),
  }));
  const answers = await Promise.all(sends.map((send) => socket.post(send)));
  expect(codes(answers)).toEqual(["accepted", "accepted", "quota_exceeded", "quota_exceeded"]);
  await socket.close();
});

test("a repeat of an accepted message is answered as before, also over the quota", async () => {
  await limit("customer_day_count", 2);
  const socket = await RelaySocket.open(server, customer);
  const send = messageTo(conversation, [agent]);
  const first = await socket.post(send);
  expect(codes([await socket.post(messageTo(conversation, [agent]))])).toEqual(["quota_exceeded"]);
  const again = await RelaySocket.open(server, customer);
  expect(await again.post(send)).toEqual(first);
  await again.close();
});

test("nodes count together", async () => {
  await limit("customer_day_count", 41);
  const node = await server.startNode();
  const answers = [
    ...(await post(customer, 25)),
    ...(await post(customer, 25, node)),
    ...(await post(customer, 5)),
  ];
  expect(answers.filter(isAccepted)).toHaveLength(40);
  await node.close();
});

test("a tenant's logs hold no more than its quota, and removed events give their space back", async () => {
  await limit("tenant_count", 6);
  const quiet = await createConversation(await customerDevice(server), []);
  expect(codes(await post(customer, 6))).toEqual([
    ...Array<string>(4).fill("accepted"),
    ...Array<string>(2).fill("quota_exceeded"),
  ]);
  expect(codes(await post(agent, 1))).toEqual(["quota_exceeded"]);
  await server.database.owner.query("delete from sealdesk.events where conversation = $1", [quiet]);
  expect(codes(await post(agent, 2))).toEqual(["accepted", "quota_exceeded"]);
});

const STORED = `
  select d.user_id as owner, (e.received_at_ms / 86400000)::int as day, count(*)::int as items,
    (sum(length(e.ciphertext)) + coalesce(sum(p.bytes), 0))::int as bytes
  from sealdesk.events e join sealdesk.devices d on d.id = e.sender_device
  left join lateral (select sum(length(bytes)) as bytes from sealdesk.packets p
    where p.conversation = e.conversation and p.seq = e.seq) p on true
  where e.kind > 0 group by 1, 2 order by 1, 2`;
const COUNTED = `
  select owner, day, sum(items)::int as items, sum(bytes)::int as bytes
  from sealdesk.storage_usage where kind = 'messages_of_account' group by 1, 2 order by 1, 2`;

test("counts equal the stored messages, for any order of storing and removing", async () => {
  const random = new SeededRandom(20_260_715);
  const { owner } = server.database;
  const node = await server.startNode();
  const second = await createConversation(customer, [agent]);
  await limit("customer_day_count", 60);
  const sockets = await Promise.all([
    RelaySocket.open(server, customer),
    RelaySocket.open(node, agent),
  ]);
  for (let round = 0; round < 12; round++) {
    const sends = Array.from({ length: random.below(12) }, () => {
      const isCustomer = random.happens(0.5);
      const send = messageTo(random.pick([conversation, second]), [isCustomer ? agent : customer]);
      return sockets[isCustomer ? 0 : 1]?.post({
        ...send,
        ciphertext: randomBytes(1 + random.below(5_000)),
      });
    });
    await Promise.all(sends);
    if (random.happens(0.3)) server.clock.offsetMs += day / 2;
  }
  await Promise.all(sockets.map((socket) => socket.close()));
  expect((await owner.query(COUNTED)).rows).toEqual((await owner.query(STORED)).rows);
  expect(await recount()).toEqual([]);
  await owner.query("delete from sealdesk.events where seq % 3 = 0");
  await owner.query("delete from sealdesk.packets where seq % 2 = 0");
  expect(await recount()).toEqual([]);
  await node.close();
}, 120_000);

test("a partition that is dropped gives its space back with the next recount", async () => {
  await post(customer, 3);
  const { owner } = server.database;
  await owner.query("truncate sealdesk.events");
  const [drift] = await recount();
  expect(drift).toMatchObject({ kind: "messages", owner: server.tenant.id, items: -4 });
  const recounts = async () =>
    (await server.auditEntries()).filter(({ action }) => action === "tenant.recount_storage");
  expect(await recounts()).toMatchObject([{ actor: OPERATOR, details: { corrections: 1 } }]);
  expect(await recount()).toEqual([]);
  expect(await recounts()).toHaveLength(1);
});
