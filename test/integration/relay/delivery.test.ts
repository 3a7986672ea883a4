import { decodeControl } from "../../../crypto/wire/frame.ts";
import { transcriptHash, zeroHash } from "../../../crypto/wire/event.ts";
import { sha256 } from "../../../messaging/log/number-message.ts";
import { addMember, removeMember } from "../../support/acts.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
});

async function pair() {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const id = await createConversation(customer, [agent]);
  return { customer, agent, id };
}

test("a message reaches the member with its packet, tag and hash; its sender is told the same", async () => {
  const { customer, agent, id } = await pair();
  const from = await RelaySocket.open(server, customer);
  const to = await RelaySocket.open(server, agent);
  await from.next("synced");
  const [created] = await to.deliveries(1);
  await to.next("synced");
  const send = messageTo(id, [agent]);
  const accepted = await from.post(send);
  const [delivered] = await to.deliveries(1);
  expect(delivered).toMatchObject({
    conversation: id,
    seq: 2,
    kind: "message",
    senderDevice: customer.id,
    clientMessageId: send.clientMessageId,
  });
  expect(delivered?.packet).toEqual(send.packets[0]?.bytes);
  expect(delivered?.ciphertext).toEqual(send.ciphertext);
  expect(accepted).toMatchObject({ seq: 2, receivedAtMs: delivered?.receivedAtMs });
  expect("frankingTag" in accepted && accepted.frankingTag).toEqual(delivered?.frankingTag);

  expect(created?.previousHash).toEqual(zeroHash);
  let hash: Uint8Array = zeroHash;
  for (const event of [created, delivered]) {
    if (event === undefined) throw new Error("missing event");
    hash = transcriptHash(sha256, hash, event, event.ciphertext, event.commitment);
    expect(event.transcriptHash).toEqual(hash);
  }
  const control = decodeControl(created?.ciphertext ?? new Uint8Array());
  expect(control.members.map(({ user }) => user).toSorted()).toEqual(
    [customer.user, agent.user].toSorted(),
  );
  await Promise.all([from.close(), to.close()]);
});

test("resumes after the cursor of hello, else after what was acknowledged, and says synced", async () => {
  const { customer, agent, id } = await pair();
  const from = await RelaySocket.open(server, customer);
  const first = messageTo(id, [agent]);
  await from.post(first);
  for (let index = 0; index < 80; index++)
    await from.post(messageTo(id, [agent], { keyId: first.keyId }));
  const earlier = await RelaySocket.open(server, agent, [{ conversation: id, seq: 40 }]);
  const rest = await earlier.deliveries(42);
  expect(rest.map(({ seq }) => seq)).toEqual(Array.from({ length: 42 }, (_, i) => i + 41));
  expect(await earlier.next("synced")).toEqual({ conversation: id, seq: 82 });
  earlier.send({ kind: "ack", body: { cursors: [{ conversation: id, seq: 70 }] } });
  await until(async () => {
    const { rows } = await server.database.owner.query(
      "select seq from sealdesk.cursors where conversation = $1 and device = $2",
      [id, agent.id],
    );
    return rows[0]?.seq === "70";
  });
  await earlier.close();
  const later = await RelaySocket.open(server, agent);
  expect((await later.deliveries(12)).at(0)?.seq).toBe(71);
  await Promise.all([from.close(), later.close()]);
});

test("never more than 256 deliveries without an acknowledgement, and none is lost", async () => {
  const { customer, agent, id } = await pair();
  const from = await RelaySocket.open(server, customer);
  const to = await RelaySocket.open(server, agent);
  await to.next("synced");
  for (let round = 0; round < 4; round++) {
    const first = messageTo(id, [agent]);
    await from.post(first);
    await Promise.all(
      Array.from({ length: 99 }, () => from.post(messageTo(id, [agent], { keyId: first.keyId }))),
    );
    from.send({ kind: "ack", body: { cursors: [{ conversation: id, seq: 1_000 }] } });
  }
  const window = await to.deliveries(256);
  expect(window.at(-1)?.seq).toBe(256);
  // A round trip on the same socket: had there been more, it would have come before.
  expect(await to.post(messageTo(id, [customer], { epoch: 9 }))).toMatchObject({
    code: "stale_epoch",
  });
  expect(to.pending().filter(({ kind }) => kind === "deliver")).toEqual([]);
  to.send({ kind: "ack", body: { cursors: [{ conversation: id, seq: 256 }] } });
  const rest = await to.deliveries(145);
  expect(rest.map(({ seq }) => seq)).toEqual(Array.from({ length: 145 }, (_, i) => i + 257));
  await Promise.all([from.close(), to.close()]);
});

test("a new member sees from its own joining on; a removed one sees its removal and no more", async () => {
  const { customer, agent, id } = await pair();
  const second = await staffDevice(server);
  const from = await RelaySocket.open(server, customer);
  const joining = await RelaySocket.open(server, second);
  const first = messageTo(id, [agent]);
  await from.post(first);

  const added = await addMember(agent, id, second.user);
  expect(added).toMatchObject({ status: 200, body: { epoch: 2, seq: 3 } });
  const [joined] = await joining.deliveries(1);
  expect(joined).toMatchObject({ seq: 3, kind: "member_added", epoch: 2 });
  expect(joined?.previousHash).toEqual(
    (await from.deliveries(2)).find(({ seq }) => seq === 3)?.previousHash,
  );

  expect(await from.post(messageTo(id, [agent], { keyId: first.keyId }))).toMatchObject({
    code: "stale_epoch",
    epoch: 2,
  });
  expect(await from.post(messageTo(id, [agent], { epoch: 2 }))).toMatchObject({
    code: "device_mismatch",
    missing: [second.id],
  });
  const both = messageTo(id, [agent, second], { epoch: 2 });
  expect(await from.post(both)).toMatchObject({ seq: 4 });
  expect((await joining.deliveries(1))[0]).toMatchObject({
    seq: 4,
    packet: both.packets[1]?.bytes,
  });

  const removed = await removeMember(second, id, second.user);
  expect(removed.status).toBe(200);
  expect(await from.post(messageTo(id, [agent, second], { epoch: 3 }))).toMatchObject({
    code: "device_mismatch",
    stale: [second.id],
  });
  expect(await from.post(messageTo(id, [agent], { epoch: 3 }))).toMatchObject({ seq: 6 });
  expect((await joining.deliveries(1))[0]).toMatchObject({ seq: 5, kind: "member_removed" });
  expect(await joining.post(messageTo(id, [customer, agent], { epoch: 3 }))).toMatchObject({
    code: "conversation_not_found",
  });
  await joining.close();
  const again = await RelaySocket.open(server, second, [{ conversation: id, seq: 0 }]);
  expect((await again.deliveries(3)).map(({ seq }) => seq)).toEqual([3, 4, 5]);
  await again.next("synced");
  expect(again.pending()).toEqual([]);
  await Promise.all([from.close(), again.close()]);
});

test("a second socket of the same device displaces the first, for good", async () => {
  const { customer } = await pair();
  const first = await RelaySocket.open(server, customer);
  const second = await RelaySocket.open(server, customer);
  expect(await first.closed).toBe(4509);
  await second.close();
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
