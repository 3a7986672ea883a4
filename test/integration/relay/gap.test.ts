import { customerDevice, staffDevice } from "../../support/device.ts";
import { hashesOf } from "../../support/logged-hashes.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
});

/** A conversation of `count` events of which `from` to `to` are gone, as when a partition is dropped. */
async function purged(count: number, from: number, to: number) {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const id = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, customer);
  for (let seq = 2; seq <= count; seq++) await socket.post(messageTo(id, [agent]));
  const hashes = await hashesOf(server, id);
  await server.database.owner.query(
    "delete from sealdesk.events where conversation = $1 and seq between $2 and $3",
    [id, from, to],
  );
  return { customer, agent, id, socket, hashes };
}

/** Anything the relay had to say has been said. */
async function settled(socket: RelaySocket, conversation: ConversationId): Promise<void> {
  await socket.post(messageTo(conversation, [], { epoch: 99 }));
}

test("a purged beginning is told first, and nothing follows until the device knows", async () => {
  const { agent, customer, id, socket, hashes } = await purged(8, 1, 5);
  const other = await createConversation(customer, [agent]);
  const reader = await RelaySocket.open(server, agent);
  expect(await reader.next("gap")).toEqual({ conversation: id, from: 1, to: 5, reason: "purged" });
  // Other conversations go on meanwhile.
  expect((await reader.deliveries(1))[0]?.conversation).toBe(other);
  await socket.post(messageTo(id, [agent]));
  await settled(reader, id);
  const ofGap = (frame: { kind: string; body: object }) =>
    "conversation" in frame.body && frame.body.conversation === id;
  expect(reader.pending().filter(ofGap)).toEqual([]);

  // What was not told is not known.
  reader.send({ kind: "ackGap", body: { conversation: id, to: 7 } });
  await settled(reader, id);
  expect(reader.pending().filter(ofGap)).toEqual([]);

  reader.send({ kind: "ackGap", body: { conversation: id, to: 5 } });
  const rest = await reader.deliveries(4);
  expect(rest.map(({ seq }) => seq)).toEqual([6, 7, 8, 9]);
  // Event 5 is gone. Its hash is still there.
  expect(rest.slice(0, 3).map(({ previousHash }) => previousHash)).toEqual(hashes.slice(4, 7));
  await socket.post(messageTo(id, [agent]));
  expect((await reader.deliveries(1))[0]?.seq).toBe(10);
  await Promise.all([socket.close(), reader.close()]);
});

test("a hole within the log is told in its place; the device's cursor is then behind it", async () => {
  const { agent, id, socket, hashes } = await purged(8, 4, 6);
  const reader = await RelaySocket.open(server, agent, [{ conversation: id, seq: 1 }]);
  expect((await reader.deliveries(2)).map(({ seq }) => seq)).toEqual([2, 3]);
  expect(await reader.next("gap")).toMatchObject({ from: 4, to: 6 });
  reader.send({ kind: "ackGap", body: { conversation: id, to: 6 } });
  const rest = await reader.deliveries(2);
  expect(rest.map(({ seq }) => seq)).toEqual([7, 8]);
  expect(rest.map(({ previousHash }) => previousHash)).toEqual(hashes.slice(5, 7));
  expect(await reader.next("synced")).toEqual({ conversation: id, seq: 8 });
  await reader.close();
  // Written behind: an earlier look finds the cursor before it.
  for (let cursor = ""; cursor !== "6";) {
    const { rows } = await server.database.owner.query<{ seq: string }>(
      "select seq from sealdesk.cursors where conversation = $1 and device = $2",
      [id, agent.id],
    );
    cursor = rows[0]?.seq ?? "";
  }
  const again = await RelaySocket.open(server, agent);
  expect((await again.deliveries(2)).map(({ seq }) => seq)).toEqual([7, 8]);
  expect(again.pending().some(({ kind }) => kind === "gap")).toBe(false);
  await Promise.all([socket.close(), again.close()]);
});

test("a device that is at the end of what was purged is told nothing of it", async () => {
  const { agent, id, socket } = await purged(6, 1, 4);
  const reader = await RelaySocket.open(server, agent, [{ conversation: id, seq: 4 }]);
  expect((await reader.deliveries(2)).map(({ seq }) => seq)).toEqual([5, 6]);
  await reader.next("synced");
  expect(reader.pending()).toEqual([]);
  await Promise.all([socket.close(), reader.close()]);
});
