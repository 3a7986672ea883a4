import { wireLimits } from "../../../crypto/wire/frame.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { addMember, closeConversation, removeMember } from "../../support/acts.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { copyConversation } from "../../support/many-conversations.ts";
import {
  createConversation,
  helloOf,
  messageTo,
  RelaySocket,
  startFrom,
} from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const COUNT = 22_000;

let server: TestServer;
let agent: TestDevice;
let customer: TestDevice;
let original: ConversationId;
beforeAll(async () => {
  server = await startTestServer();
  agent = await staffDevice(server);
  customer = await customerDevice(server);
  original = await createConversation(customer, [agent]);
  await copyConversation(server, original, COUNT - 1);
});
afterAll(() => server.close());

test("a device in 22,000 open conversations connects, and no frame is over the limit", async () => {
  const socket = await RelaySocket.dial(server);
  const sizes: number[] = [];
  socket.socket.on("message", (data: Buffer) => sizes.push(data.length));
  socket.send({ kind: "hello", body: helloOf(agent) });
  await socket.next("welcome");
  expect(new Set(socket.heads.map(({ conversation }) => conversation)).size).toBe(COUNT);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(wireLimits.frame);
  expect(sizes).toHaveLength(Math.ceil(COUNT / wireLimits.heads) + 1);
  await socket.close();
});

test("conversations that begin while the heads are told are not missed, nor do they hold them up", async () => {
  const socket = await RelaySocket.dial(server);
  const begun: ConversationId[] = [];
  const welcomed = new AbortController();
  const beginning = (async () => {
    while (!welcomed.signal.aborted) begun.push(await createConversation(customer, [agent]));
  })();
  socket.send({ kind: "hello", body: helloOf(agent) });
  await socket.next("welcome");
  welcomed.abort();
  await beginning;
  const listed = new Set(socket.heads.map(({ conversation }) => conversation));
  const cursors = begun
    .filter((id) => listed.has(id))
    .map((conversation) => ({ conversation, seq: 0 }));
  socket.send({ kind: "ack", body: { cursors } });
  const delivered = (await socket.deliveries(begun.length)).map(({ conversation }) => conversation);
  expect(begun.length).toBeGreaterThan(1);
  expect(new Set(delivered)).toEqual(new Set(begun));
  await socket.close();
});

test("the relay sends nothing of a conversation before the device says where to go on", async () => {
  const id = await createConversation(customer, [agent]);
  const socket = await RelaySocket.dial(server);
  socket.send({ kind: "hello", body: helloOf(agent) });
  await socket.next("welcome");
  const sender = await RelaySocket.open(server, customer);
  await sender.post(messageTo(id, [agent]));
  socket.send({ kind: "heartbeat", body: {} });
  await socket.next("heartbeat");
  expect(socket.pending()).toEqual([]);
  socket.send({ kind: "ack", body: { cursors: [{ conversation: id, seq: 1 }] } });
  expect(await socket.next("deliver")).toMatchObject({ conversation: id, seq: 2 });
  expect(await socket.next("synced")).toMatchObject({ conversation: id, seq: 2 });
  await Promise.all([socket.close(), sender.close()]);
});

test("the list is read by an index, however much is finished", async () => {
  const { rows } = await server.database.owner.query<{ "QUERY PLAN": string }>(
    `explain select distinct conversation from sealdesk.member_devices
     where device = $1 and conversation > $2 and not finished order by conversation limit 4096`,
    [agent.id, original],
  );
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
  expect(plan).toMatch(/using member_devices_unfinished/);
});

test("a device is sent the events of every open conversation, and of none that is finished", async () => {
  const { rows } = await server.database.owner.query<{ conversation: ConversationId }>(
    "select conversation from sealdesk.member_devices where device = $1 order by conversation",
    [agent.id],
  );
  const all = rows.map(({ conversation }) => conversation);
  const [finished, open] = [all.slice(0, 100), new Set(all.slice(100))];
  await server.database.owner.query(
    "update sealdesk.member_devices set finished = true where device = $1 and conversation = any ($2)",
    [agent.id, finished],
  );
  const socket = await RelaySocket.dial(server);
  socket.send({ kind: "hello", body: helloOf(agent, 2) });
  await socket.next("welcome");
  for (const frame of startFrom(socket.heads)) socket.send(frame);
  const sent = new Set<ConversationId>();
  // A conversation may have several events.
  while (sent.size < open.size) {
    const { conversation, seq } = await socket.next("deliver");
    socket.send({ kind: "ack", body: { cursors: [{ conversation, seq }] } });
    sent.add(conversation);
  }
  expect(sent).toEqual(open);
  await socket.close();
}, 60_000);

describe("a conversation that is finished", () => {
  let generation = 1;

  /** Connects with the next store generation, and returns what is listed. */
  async function connect(device: TestDevice, again = false) {
    const socket = await RelaySocket.dial(server);
    if (!again) generation++;
    socket.send({ kind: "hello", body: helloOf(device, generation) });
    await socket.next("welcome");
    const listed = new Map(socket.heads.map((head) => [head.conversation, head]));
    return { socket, listed };
  }

  async function acknowledgeTo(device: TestDevice, conversation: ConversationId, seq: number) {
    const { socket } = await connect(device);
    const ack = (to: number) =>
      socket.send({ kind: "ack", body: { cursors: [{ conversation, seq: to }] } });
    ack(0);
    for (const event of await socket.deliveries(seq)) ack(event.seq);
    await socket.next("synced");
    return socket;
  }

  const finished = (conversation: ConversationId, device: TestDevice): Promise<boolean> =>
    server.database.owner
      .query<{ finished: boolean }>(
        "select finished from sealdesk.member_devices where conversation = $1 and device = $2",
        [conversation, device.id],
      )
      .then(({ rows }) => rows.every((row) => row.finished));

  const ends = {
    "the device left": (id: ConversationId, staff: TestDevice) =>
      removeMember(staff, id, staff.user),
    "it is closed": (id: ConversationId, staff: TestDevice) => closeConversation(staff, id),
  };

  test.each(Object.keys(ends) as (keyof typeof ends)[])(
    "is not listed when %s and everything is acknowledged; until then it is",
    async (how) => {
      const staff = await staffDevice(server);
      const id = await createConversation(customer, [staff]);
      await ends[how](id, staff);
      const before = await connect(staff);
      expect(before.listed.get(id)).toMatchObject({ seq: 2, acknowledged: 0 });
      await before.socket.close();

      const socket = await acknowledgeTo(staff, id, 2);
      await until(() => finished(id, staff));
      await socket.close();
      const after = await connect(staff);
      expect(after.listed.has(id)).toBe(false);
      await after.socket.close();
    },
  );

  test("is listed again for an older copy of the store, and sent from its cursor", async () => {
    const staff = await staffDevice(server);
    const id = await createConversation(customer, [staff]);
    await ends["it is closed"](id, staff);
    await (await acknowledgeTo(staff, id, 2)).close();
    await until(() => finished(id, staff));
    const { socket, listed } = await connect(staff, true);
    expect(listed.get(id)).toMatchObject({ seq: 2, acknowledged: 2 });
    socket.send({ kind: "ack", body: { cursors: [{ conversation: id, seq: 1 }] } });
    expect(await socket.next("deliver")).toMatchObject({ seq: 2, kind: "closed" });
    await socket.close();
  });

  test("is listed when the device asks for finished conversations too", async () => {
    const staff = await staffDevice(server);
    const id = await createConversation(customer, [staff]);
    await ends["the device left"](id, staff);
    await (await acknowledgeTo(staff, id, 2)).close();
    await until(() => finished(id, staff));
    const socket = await RelaySocket.dial(server);
    const body = { ...helloOf(staff, ++generation), includeFinished: true };
    socket.send({ kind: "hello", body });
    await socket.next("welcome");
    expect(socket.heads).toMatchObject([{ conversation: id, seq: 2, acknowledged: 2 }]);
    await socket.close();
  });

  test("is listed again after the user comes back", async () => {
    const staff = await staffDevice(server);
    const id = await createConversation(customer, [staff]);
    await ends["the device left"](id, staff);
    await (await acknowledgeTo(staff, id, 2)).close();
    await until(() => finished(id, staff));
    const { status } = await addMember(staff, id, staff.user);
    expect(status).toBe(200);
    const { socket, listed } = await connect(staff);
    expect(listed.get(id)).toMatchObject({ seq: 3 });
    await socket.close();
  });
});
