import { once } from "node:events";
import { WebSocket } from "ws";
import { encodeFrame } from "../../../crypto/wire/frame.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, helloOf, messageTo, RelaySocket } from "../../support/relay-socket.ts";
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
