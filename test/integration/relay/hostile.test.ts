import { once } from "node:events";
import { WebSocket } from "ws";
import { encodeFrame } from "../../../crypto/wire/frame.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, helloOf, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { RelayOverHttp } from "../../support/relay-over-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let conversation: string;
beforeAll(async () => {
  server = await startTestServer(
    {},
    { tickMs: 20, helloMs: 300, pingEveryMs: 300, pongWithinMs: 600, stallMs: 900 },
  );
  customer = await customerDevice(server);
  agent = await staffDevice(server);
  conversation = await createConversation(customer, [agent]);
});
afterAll(async () => {
  await server.close();
});

/** A socket past its hello, of a peer that does not answer pings. */
async function deaf(device: TestDevice): Promise<WebSocket> {
  const url = `${server.url.replace("http", "ws")}/v1/relay`;
  const socket = new WebSocket(url, "sealdesk.v1", { autoPong: false });
  await once(socket, "open");
  socket.send(encodeFrame({ kind: "hello", body: helloOf(device) }));
  await once(socket, "message");
  return socket;
}

test("a socket that says nothing is closed; hello in time is not", async () => {
  const silent = await RelaySocket.dial(server);
  const timely = await RelaySocket.open(server, customer);
  expect(await silent.closed).toBe(4002);
  expect(timely.socket.readyState).toBe(WebSocket.OPEN);
  await timely.close();
});

test("half-open sockets are found; those that answer stay", async () => {
  const bystander = await RelaySocket.open(server, agent);
  const gone = await deaf(customer);
  const [code] = (await once(gone, "close")) as [number];
  // The relay cuts it: whether the close frame still arrives is the network's matter.
  expect([4011, 1006]).toContain(code);
  expect(server.logged()).toContain('"silent"');
  expect(await bystander.post(messageTo(conversation, [customer]))).toHaveProperty("seq");
  await bystander.close();
});

test("a consumer that never reads is let go of, and nobody waits for it", async () => {
  const slow = await deaf(customer);
  // No byte is taken from the network any more, so no pong is sent either.
  slow.pause();
  const sender = await RelaySocket.open(server, agent);
  for (let index = 0; index < 300; index++) {
    const send = { ...messageTo(conversation, [customer]), ciphertext: new Uint8Array(60_000) };
    expect(await sender.post(send)).toHaveProperty("seq");
  }
  slow.terminate();
  const back = await RelaySocket.open(server, customer);
  expect((await back.deliveries(200)).at(-1)?.conversation).toBe(conversation);
  await Promise.all([sender.close(), back.close()]);
});

/** Resolves when the relay has closed so many connections for this reason. */
async function closes(reason: string, count: number): Promise<void> {
  while (server.logged().split(`"reason":"${reason}"`).length <= count)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
const closesSoFar = (reason: string): number =>
  server.logged().split(`"reason":"${reason}"`).length - 1;

test("over HTTP, a device that polls no more is found, and one that answers no ping", async () => {
  const before = closesSoFar("silent");
  const polling = await RelayOverHttp.open(server, customer);
  await closes("silent", before + 1);
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

test("over HTTP, a stream that nobody reads is let go of, and nobody waits for it", async () => {
  const before = closesSoFar("stalled");
  const device = await customerDevice(server);
  const id = await createConversation(device, [agent]);
  const slow = await RelayOverHttp.begin(server, device);
  const unread = await slow.streamUnread();
  const sender = await RelaySocket.open(server, agent);
  const sending = Array.from({ length: 150 }, async () => {
    const send = { ...messageTo(id, [device]), ciphertext: new Uint8Array(60_000) };
    expect(await sender.post(send)).toHaveProperty("seq");
  });
  // It says all the time that it is there, and takes nothing.
  const saying = { over: false };
  const alive = (async () => {
    while (!saying.over) await slow.sendBytes(new Uint8Array());
  })();
  await Promise.all(sending);
  await closes("stalled", before + 1);
  saying.over = true;
  await alive;
  await unread.body?.cancel();
  const back = await RelaySocket.open(server, device);
  expect((await back.deliveries(100)).map(({ seq }) => seq)).toEqual(
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  await Promise.all([sender.close(), back.close()]);
});
