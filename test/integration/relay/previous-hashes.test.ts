import type { Deliver } from "../../../crypto/wire/frame.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { addMember } from "../../support/acts.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { hashesOf } from "../../support/logged-hashes.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startSecondNode } from "../../support/second-node.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

// A device checks where an event stands in the log with the hash of the event before, so the relay
// tells this hash with every event.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function pair() {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const id = await createConversation(customer, [agent]);
  return { customer, agent, id, from: await RelaySocket.open(server, customer) };
}

async function post(
  from: RelaySocket,
  id: ConversationId,
  to: readonly TestDevice[],
  { count, epoch = 1 }: { readonly count: number; readonly epoch?: number },
): Promise<void> {
  for (let sent = 0; sent < count; sent++)
    expect(await from.post(messageTo(id, to, { epoch }))).toHaveProperty("seq");
}

const seqs = (events: readonly Deliver[]) => events.map(({ seq }) => seq);
const previousHashes = (events: readonly Deliver[]) =>
  events.map(({ previousHash }) => new Uint8Array(previousHash));

test("an event that is delivered at its commit tells the hash of the event before", async () => {
  const { agent, id, from } = await pair();
  const to = await RelaySocket.open(server, agent);
  await to.next("synced");
  await post(from, id, [agent], { count: 3 });
  const events = await to.deliveries(4);
  expect(seqs(events)).toEqual([1, 2, 3, 4]);
  expect(previousHashes(events)).toEqual([zeroHash, ...(await hashesOf(server, id)).slice(0, 3)]);
  await Promise.all([from.close(), to.close()]);
});

test("so do the event that makes a device a member, and the events after it", async () => {
  const { agent, id, from } = await pair();
  const colleague = await staffDevice(server);
  const joining = await RelaySocket.open(server, colleague);
  await post(from, id, [agent], { count: 2 });
  await addMember(agent, id, colleague.user);
  await post(from, id, [agent, colleague], { count: 2, epoch: 2 });
  const events = await joining.deliveries(3);
  expect(seqs(events)).toEqual([4, 5, 6]);
  expect(previousHashes(events)).toEqual((await hashesOf(server, id)).slice(2, 5));
  await Promise.all([from.close(), joining.close()]);
});

test("so does every event that is read again after a reconnect", async () => {
  const { agent, id, from } = await pair();
  await post(from, id, [agent], { count: 4 });
  const hashes = await hashesOf(server, id);
  for (const known of [0, 1, 3]) {
    const to = await RelaySocket.open(server, agent, [{ conversation: id, seq: known }]);
    const events = await to.deliveries(5 - known);
    expect(seqs(events)).toEqual([1, 2, 3, 4, 5].slice(known));
    expect(previousHashes(events)).toEqual([zeroHash, ...hashes].slice(known, 5));
    await to.close();
  }
  await from.close();
});

test("so does every event when two nodes append to the log in turn", async () => {
  const { customer, agent, id, from } = await pair();
  const node = await startSecondNode(server);
  const to = await RelaySocket.open(node.server, agent);
  const [here, there] = [await from.deliveries(1), await to.deliveries(1)];
  for (let turn = 0; turn < 3; turn++) {
    await post(from, id, [agent], { count: 1 });
    there.push(...(await to.deliveries(1)));
    await post(to, id, [customer], { count: 1 });
    here.push(...(await from.deliveries(1)));
  }
  const before = [zeroHash, ...(await hashesOf(server, id))];
  expect(seqs(here)).toEqual([1, 3, 5, 7]);
  expect(seqs(there)).toEqual([1, 2, 4, 6]);
  for (const events of [here, there])
    expect(previousHashes(events)).toEqual(seqs(events).map((seq) => before[seq - 1]));
  await Promise.all([from.close(), to.close()]);
  await node.terminate();
}, 60_000);

test("the hash of the last event of a month is still told after the month was dropped", async () => {
  const { agent, id, from } = await pair();
  await post(from, id, [agent], { count: 4 });
  const hashes = await hashesOf(server, id);
  const { owner } = server.database;
  await owner.query("select sealdesk.ensure_partitions('2020-01-15Z')");
  await owner.query(
    "update sealdesk.events set received_at_ms = $2 where conversation = $1 and seq <= 3",
    [id, Date.UTC(2020, 0, 15)],
  );
  await owner.query("drop table sealdesk.events_2020_01, sealdesk.packets_2020_01");
  const to = await RelaySocket.open(server, agent);
  expect(await to.next("gap")).toMatchObject({ from: 1, to: 3, reason: "purged" });
  to.send({ kind: "ackGap", body: { conversation: id, to: 3 } });
  await post(from, id, [agent], { count: 1 });
  const events = await to.deliveries(3);
  expect(seqs(events)).toEqual([4, 5, 6]);
  expect(previousHashes(events)).toEqual(hashes.slice(2, 5));
  await Promise.all([from.close(), to.close()]);
});

test("the hash of an event that was removed alone is told with the event after it", async () => {
  const { agent, id, from } = await pair();
  await post(from, id, [agent], { count: 4 });
  const hashes = await hashesOf(server, id);
  await server.database.owner.query(
    "delete from sealdesk.events where conversation = $1 and seq = 3",
    [id],
  );
  const to = await RelaySocket.open(server, agent);
  const before = await to.deliveries(2);
  expect(await to.next("gap")).toMatchObject({ from: 3, to: 3 });
  to.send({ kind: "ackGap", body: { conversation: id, to: 3 } });
  const events = [...before, ...(await to.deliveries(2))];
  expect(seqs(events)).toEqual([1, 2, 4, 5]);
  expect(previousHashes(events)).toEqual([zeroHash, hashes[0], hashes[2], hashes[3]]);
  await Promise.all([from.close(), to.close()]);
});
