import type { ActivityKind, PresenceState } from "../../../crypto/wire/frame.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

let server: TestServer; // keeps who left online for an hour
let brief: TestServer; // for a moment
beforeAll(async () => {
  [server, brief] = await Promise.all([
    startTestServer({}, { tickMs: 10, offlineAfterMs: 3_600_000 }),
    startTestServer({}, { tickMs: 10, offlineAfterMs: 150 }),
  ]);
});
afterAll(async () => {
  await Promise.all([server.close(), brief.close()]);
});

const say = (socket: RelaySocket, state: PresenceState) =>
  socket.send({ kind: "presence", body: { state, user: undefined, since: 0 } });
const does = (socket: RelaySocket, conversation: ConversationId, kind: ActivityKind, seq = 0) =>
  socket.send({ kind: "activity", body: { conversation, kind, seq, device: undefined } });

/** A round trip: what the relay had to pass on before, it has. */
const settled = (socket: RelaySocket) =>
  socket.post(messageTo(idOf("00000000-0000-4000-8000-000000000000"), []));

async function pair(at = server): Promise<[TestDevice, TestDevice, ConversationId]> {
  const customer = await customerDevice(at);
  const agent = await staffDevice(at);
  return [customer, agent, await createConversation(customer, [agent])];
}

test("activity reaches the other members with the device filled in, and is not stored", async () => {
  const [customer, agent, id] = await pair();
  const outsider = await RelaySocket.open(server, await staffDevice(server));
  const from = await RelaySocket.open(server, customer);
  const to = await RelaySocket.open(server, agent);
  await Promise.all([from.next("synced"), to.next("synced")]);
  does(from, id, "typing");
  does(from, id, "read", 1);
  expect(await to.next("activity")).toEqual({
    conversation: id,
    kind: "typing",
    seq: 0,
    device: customer.id,
  });
  expect(await to.next("activity")).toMatchObject({ kind: "read", seq: 1 });
  // A stranger's goes nowhere, and strangers get none.
  does(outsider, id, "typing");
  await settled(outsider);
  await settled(to);
  await settled(from);
  for (const socket of [outsider, to, from])
    expect(socket.pending().filter(({ kind }) => kind === "activity")).toEqual([]);
  await to.close();
  const again = await RelaySocket.open(server, agent);
  await again.next("synced");
  expect(again.pending().filter(({ kind }) => kind === "activity")).toEqual([]);
  await Promise.all([again.close(), from.close(), outsider.close()]);
});

test("ephemeral frames above the rate are dropped, and messages are not", async () => {
  const [customer, agent, id] = await pair();
  const from = await RelaySocket.open(server, customer);
  const to = await RelaySocket.open(server, agent);
  await to.next("synced");
  for (let index = 0; index < 500; index++) does(from, id, "typing");
  expect(await from.post(messageTo(id, [agent]))).toHaveProperty("seq");
  await settled(to);
  const heard = to.pending().filter(({ kind }) => kind === "activity").length;
  expect(heard).toBeGreaterThanOrEqual(30);
  expect(heard).toBeLessThan(60);
  await Promise.all([from.close(), to.close()]);
});

test("presence is told to those who share a conversation, and a short absence is none", async () => {
  const [customer, agent] = await pair();
  const stranger = await RelaySocket.open(server, await staffDevice(server));
  const watching = await RelaySocket.open(server, agent);
  let socket = await RelaySocket.open(server, customer);
  say(socket, "online");
  expect(await watching.next("presence")).toMatchObject({ user: customer.user, state: "online" });
  say(socket, "idle");
  say(socket, "idle");
  expect(await watching.next("presence")).toMatchObject({ state: "idle" });

  await socket.close();
  socket = await RelaySocket.open(server, customer);
  say(socket, "online");
  expect(await watching.next("presence")).toMatchObject({ state: "online" });

  // Whoever connects later is told how things stand.
  await watching.close();
  const later = await RelaySocket.open(server, agent);
  const { since, ...stands } = await later.next("presence");
  expect(stands).toEqual({ user: customer.user, state: "online" });
  expect(Math.abs(since - Date.now())).toBeLessThan(10_000);

  await settled(stranger);
  for (const each of [stranger, later])
    expect(each.pending().filter(({ kind }) => kind === "presence")).toEqual([]);
  await Promise.all([later.close(), stranger.close()]);
});

test("who has closed the last socket is offline some time later", async () => {
  const [customer, agent] = await pair(brief);
  const watching = await RelaySocket.open(brief, agent);
  const socket = await RelaySocket.open(brief, customer);
  say(socket, "online");
  expect(await watching.next("presence")).toMatchObject({ state: "online" });
  const left = performance.now();
  await socket.close();
  expect(await watching.next("presence")).toMatchObject({ user: customer.user, state: "offline" });
  expect(performance.now() - left).toBeGreaterThan(120);
  await watching.close();
});
