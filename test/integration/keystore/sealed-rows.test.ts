import {
  destroyScopes,
  destroySubjectKeys,
  type DestroyDeps,
} from "../../../keys/at-rest/destroy.ts";
import { createKeystorePool, type Pool } from "../../../db/pool.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let other: TestNode;
let keystore: Pool;
let deps: DestroyDeps;
beforeAll(async () => {
  server = await startTestServer();
  other = await server.startNode();
  keystore = createKeystorePool(server.loginUrl, { max: 1 });
  deps = { keystore, apart: undefined, now: Date.now };
});
afterAll(async () => {
  await keystore.end();
  await other.close();
  await server.close();
});

const by = { actor: { kind: "system" as const, id: "test" } };

/** Whether the device is told of a gap, rather than that it has everything. */
async function tellsGap(reader: RelaySocket): Promise<boolean> {
  const told = (kind: string) => reader.pending().some((frame) => frame.kind === kind);
  await until(() => told("gap") || told("synced"));
  return told("gap");
}

/** A customer who wrote `count` messages to an agent, with a socket on each node. */
async function conversing(count: number) {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const id = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, customer);
  const sent = [];
  for (let index = 0; index < count; index++) {
    const message = messageTo(id, [agent]);
    await socket.post(message);
    sent.push(message);
  }
  return { customer, agent, id, socket, sent };
}

test("the data holds no bytes of devices in the clear, and no row opens without the keystore", async () => {
  const { id, sent, socket, agent } = await conversing(5);
  const { rows } = await server.database.owner.query<{ dump: string }>(
    `select string_agg(encode(bytes, 'hex'), ' ') as dump from (
       select ciphertext as bytes from sealdesk.events where conversation = $1
       union all select bytes from sealdesk.packets where conversation = $1) stored`,
    [id],
  );
  const packets = sent.flatMap((message) => message.packets.map(({ bytes }) => bytes));
  expect(packets.length).toBeGreaterThan(0);
  for (const bytes of [...sent.map(({ ciphertext }) => ciphertext), ...packets])
    expect(rows[0]?.dump).not.toContain(Buffer.from(bytes).toString("hex"));

  // The data as they are in another place: with a keystore, but not with theirs.
  await server.database.owner.query("alter table keystore.scope_keys rename to taken_away");
  await server.database.owner.query(
    "create table keystore.scope_keys (like keystore.taken_away); grant select, insert on keystore.scope_keys to sealdesk_keystore",
  );
  const elsewhere = await server.startNode();
  const reader = await RelaySocket.open(elsewhere, agent);
  await reader.closed;
  expect(reader.pending().filter(({ kind }) => kind === "gap" || kind === "deliver")).toEqual([]);
  await elsewhere.close();
  await server.database.owner.query("drop table keystore.scope_keys");
  await server.database.owner.query("alter table keystore.taken_away rename to scope_keys");
  const again = await RelaySocket.open(other, agent);
  const read = (await again.deliveries(6)).slice(1);
  expect(read.map(({ ciphertext }) => Buffer.from(ciphertext))).toEqual(
    sent.map(({ ciphertext }) => Buffer.from(ciphertext)),
  );
  await Promise.all([socket.close(), again.close()]);
});

test("two rows that changed places are not delivered as each other", async () => {
  const { id, agent, socket } = await conversing(3);
  await server.database.owner.query(
    `update sealdesk.events e set ciphertext = swapped.ciphertext from sealdesk.events swapped
     where e.conversation = $1 and swapped.conversation = $1
       and (e.seq, swapped.seq) in ((2, 3), (3, 2))`,
    [id],
  );
  const reader = await RelaySocket.open(server, agent);
  await reader.closed;
  expect(reader.pending().filter(({ kind }) => kind === "deliver")).toEqual([]);
  expect(server.logged()).toContain("seal_broken");
  await socket.close();
});

test("every node reports erased events as a gap, and takes no further messages", async () => {
  const { customer, agent, id, socket } = await conversing(4);
  const agents = await RelaySocket.open(other, agent);
  await agents.deliveries(5);
  expect(await agents.post(messageTo(id, [customer]))).toMatchObject({ seq: 6 });
  await agents.close();

  await destroySubjectKeys(deps, customer.tenant, customer.user, by);
  for (const node of [server, other]) {
    for (let told = false; !told;) {
      const reader = await RelaySocket.open(node, agent);
      await reader.next("deliver");
      // Until the node has heard of it, messages come.
      told = await tellsGap(reader);
      if (told) {
        const gap = { conversation: id, from: 2, to: 6, reason: "erased" };
        expect(await reader.next("gap")).toEqual(gap);
        reader.send({ kind: "ackGap", body: { conversation: id, to: 6 } });
        expect(await reader.next("synced")).toEqual({ conversation: id, seq: 6 });
      }
      await reader.close();
    }
  }
  const refused = { code: "key_destroyed" };
  expect(await socket.post(messageTo(id, [agent]))).toMatchObject(refused);
  const again = await RelaySocket.open(other, agent);
  expect(await again.post(messageTo(id, [customer]))).toMatchObject(refused);
  await Promise.all([socket.close(), again.close()]);
});

test("erasing one author keeps the messages of the others in the log", async () => {
  const { customer, agent, id, socket } = await conversing(2);
  const agents = await RelaySocket.open(server, agent);
  await agents.deliveries(3);
  await agents.post(messageTo(id, [customer]));
  const filter = { subject: customer.user, conversation: id, author: agent.user };
  await destroyScopes(deps, customer.tenant, filter, by);
  await socket.close();
  for (let told = false; !told;) {
    const reader = await RelaySocket.open(server, customer, [{ conversation: id, seq: 0 }]);
    expect((await reader.deliveries(3)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    told = await tellsGap(reader);
    if (told) expect(await reader.next("gap")).toMatchObject({ from: 4, to: 4, reason: "erased" });
    await reader.close();
  }
  await agents.close();
});
