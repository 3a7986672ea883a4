import { once } from "node:events";
import { WebSocket } from "ws";
import { encodeFrame } from "../../../crypto/wire/frame.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, helloOf, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { RelayOverHttp } from "../../support/relay-over-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

/** Lets go of devices that it does not hear. */
let server: TestServer;
/** Lets go of devices that take nothing, and hardly of silent ones: a busy machine makes them silent. */
let patient: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    {},
    { tickMs: 20, helloMs: 1_000, pingEveryMs: 300, pongWithinMs: 2_000 },
  );
  patient = await startTestServer({}, { tickMs: 20, stallMs: 2_000 });
});
afterAll(async () => {
  await Promise.all([server.close(), patient.close()]);
});

/** A socket past its hello, of a peer that does not answer pings. */
async function deaf(to: TestServer, device: TestDevice): Promise<WebSocket> {
  const url = `${to.url.replace("http", "ws")}/v1/relay`;
  const socket = new WebSocket(url, "sealdesk.v1", { autoPong: false });
  await once(socket, "open");
  socket.send(encodeFrame({ kind: "hello", body: helloOf(device) }));
  await once(socket, "message");
  return socket;
}

/** Resolves when the relay has closed so many connections for this reason. */
async function closes(by: TestServer, reason: string, count: number): Promise<void> {
  while (closesSoFar(by, reason) < count) await new Promise((resolve) => setTimeout(resolve, 20));
}
const closesSoFar = (by: TestServer, reason: string): number =>
  by.logged().split(`"reason":"${reason}"`).length - 1;

test("a socket that says nothing is closed; hello in time is not", async () => {
  const silent = await RelaySocket.dial(server);
  const timely = await RelaySocket.open(server, await customerDevice(server));
  expect(await silent.closed).toBe(4002);
  expect(timely.socket.readyState).toBe(WebSocket.OPEN);
  await timely.close();
});

test("half-open sockets are found; those that answer stay", async () => {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  const conversation = await createConversation(customer, [agent]);
  const bystander = await RelaySocket.open(server, agent);
  const gone = await deaf(server, customer);
  const [code] = (await once(gone, "close")) as [number];
  // The relay cuts it: whether the close frame still arrives is the network's matter.
  expect([4011, 1006]).toContain(code);
  expect(server.logged()).toContain('"silent"');
  expect(await bystander.post(messageTo(conversation, [customer]))).toHaveProperty("seq");
  await bystander.close();
});

test("a consumer that never reads is disconnected, and delays no other", async () => {
  const [customer, agent] = [await customerDevice(patient), await staffDevice(patient)];
  const conversation = await createConversation(customer, [agent]);
  const before = closesSoFar(patient, "stalled");
  const slow = await deaf(patient, customer);
  const ack = { cursors: [{ conversation, seq: 0 }] };
  slow.send(encodeFrame({ kind: "ack", body: ack }));
  slow.pause();
  const sender = await RelaySocket.open(patient, agent);
  for (let index = 0; index < 300; index++) {
    const send = { ...messageTo(conversation, [customer]), ciphertext: new Uint8Array(60_000) };
    expect(await sender.post(send)).toHaveProperty("seq");
  }
  await closes(patient, "stalled", before + 1);
  slow.terminate();
  const back = await RelaySocket.open(patient, customer);
  expect((await back.deliveries(200)).at(-1)?.conversation).toBe(conversation);
  await Promise.all([sender.close(), back.close()]);
});

test("over HTTP, a device that polls no more is found, and one that answers no ping", async () => {
  const customer = await customerDevice(server);
  const before = closesSoFar(server, "silent");
  const polling = await RelayOverHttp.open(server, customer);
  await closes(server, "silent", before + 1);
  expect(await polling.closed()).toBe("4011 silent");

  const streaming = await RelayOverHttp.begin(server, customer);
  let pings = 0;
  let told = "";
  for await (const event of await streaming.stream()) {
    told = event;
    if (event.startsWith("event: ping") && ++pings < 4) await streaming.send();
  }
  expect(pings).toBe(4);
  expect(told).toBe("event: close\ndata: 4011 silent");
});

test("an HTTP stream that is not read is ended, and delays no other", async () => {
  const [device, agent] = [await customerDevice(patient), await staffDevice(patient)];
  const id = await createConversation(device, [agent]);
  const before = closesSoFar(patient, "stalled");
  const slow = await RelayOverHttp.begin(patient, device);
  const unread = await slow.streamUnread();
  await slow.send({ kind: "ack", body: { cursors: [{ conversation: id, seq: 0 }] } });
  const sender = await RelaySocket.open(patient, agent);
  // More than may be unacknowledged, however much of it the network keeps.
  const sending = Array.from({ length: 300 }, async () => {
    const send = { ...messageTo(id, [device]), ciphertext: new Uint8Array(60_000) };
    expect(await sender.post(send)).toHaveProperty("seq");
  });
  await Promise.all(sending);
  await closes(patient, "stalled", before + 1);
  await unread.body?.cancel();
  const back = await RelaySocket.open(patient, device);
  expect((await back.deliveries(100)).map(({ seq }) => seq)).toEqual(
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  await Promise.all([sender.close(), back.close()]);
});
