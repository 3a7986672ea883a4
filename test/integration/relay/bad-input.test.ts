import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { encodeFrame, type Frame } from "../../../crypto/wire/frame.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation, helloOf, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let conversation: ConversationId;

beforeAll(async () => {
  server = await startTestServer();
  customer = await customerDevice(server);
  agent = await staffDevice(server);
  conversation = await createConversation(customer, [agent]);
});
afterAll(async () => {
  await server.close();
});

async function eventCount(): Promise<number> {
  const { rows } = await server.database.owner.query(
    "select count(*)::int as n from sealdesk.events",
  );
  return rows[0]?.n;
}

/** Expects the relay to name `code` and close with `closeCode`. */
async function expectFault(socket: RelaySocket, code: string, closeCode: number): Promise<void> {
  expect((await socket.next("fault")).code).toBe(code);
  expect(await socket.closed).toBe(closeCode);
}

const hello = (device: TestDevice, changes: object = {}): Frame => ({
  kind: "hello",
  body: { ...helloOf(device), ...changes },
});

describe("before hello", () => {
  test.each<[string, () => Uint8Array]>([
    ["noise", () => randomBytes(100)],
    ["nothing", () => new Uint8Array(0)],
    ["a truncated hello", () => encodeFrame(hello(customer)).subarray(0, 60)],
    ["a send", () => encodeFrame({ kind: "send", body: messageTo(conversation, [agent]) })],
    [
      "a frame only the relay sends",
      () => encodeFrame({ kind: "synced", body: { conversation, seq: 1 } }),
    ],
  ])("%s closes the socket", async (_name, bytes) => {
    const socket = await RelaySocket.dial(server);
    socket.socket.send(bytes());
    await expectFault(socket, "malformed_frame", 4500);
  });

  test("text, and more than a hello, close the socket", async () => {
    const socket = await RelaySocket.dial(server);
    socket.socket.send("hello");
    await expectFault(socket, "malformed_frame", 4500);
    const large = await RelaySocket.dial(server);
    large.socket.send(randomBytes(600 * 1024));
    expect(await large.closed).toBe(4500);
  });

  test("bad credentials close the socket and tell which", async () => {
    const other = await customerDevice(server);
    const cases: [Frame, string, number][] = [
      [hello(customer, { accessToken: "x" }), "invalid_proof", 4501],
      [
        hello(customer, {
          accessToken: "x",
          deviceProof: customer.proof("GET", "/v1/relay", { token: "x" }),
        }),
        "invalid_token",
        4501,
      ],
      [hello(customer, { deviceProof: "x" }), "invalid_proof", 4501],
      [hello(customer, { accessToken: other.token }), "invalid_proof", 4501],
      [
        hello(customer, {
          deviceProof: customer.proof("POST", "/v1/relay", { token: customer.token }),
        }),
        "invalid_proof",
        4501,
      ],
    ];
    for (const [frame, code, closeCode] of cases) {
      const socket = await RelaySocket.dial(server);
      socket.send(frame);
      await expectFault(socket, code, closeCode);
    }
    const replayed = hello(customer);
    const first = await RelaySocket.dial(server);
    first.send(replayed);
    await first.next("welcome");
    const second = await RelaySocket.dial(server);
    second.send(replayed);
    await expectFault(second, "proof_reused", 4501);
    await first.close();
  });

  test("a device that is not registered is refused", async () => {
    const device = new TestDevice(server);
    await device.signInAsCustomer(randomUUID());
    const socket = await RelaySocket.dial(server);
    socket.send(hello(device));
    await expectFault(socket, "device_required", 4503);
  });

  test("the upgrade is refused on another path and without the subprotocol", async () => {
    const base = server.url.replace("http", "ws");
    for (const [url, protocol, status] of [
      [`${base}/v1/other`, "sealdesk.v1", 404],
      [`${base}/v1/relay`, "other", 400],
    ] as const) {
      const socket = new WebSocket(url, protocol);
      const [error] = (await once(socket, "error")) as [Error];
      expect(error.message).toContain(String(status));
    }
  });
});

describe("after hello", () => {
  test("a frame of the wrong kind closes this socket and no other", async () => {
    const bystander = await RelaySocket.open(server, agent);
    await bystander.next("synced");
    const before = await eventCount();
    for (const bytes of [
      randomBytes(64),
      encodeFrame(hello(customer)),
      encodeFrame({ kind: "send", body: messageTo(conversation, [agent]) }).subarray(0, 80),
      Buffer.concat([encodeFrame({ kind: "ack", body: { cursors: [] } }), Buffer.from([0xff])]),
    ]) {
      const socket = await RelaySocket.open(server, customer);
      socket.socket.send(bytes);
      await expectFault(socket, "malformed_frame", 4500);
    }
    expect(await eventCount()).toBe(before);
    expect(await bystander.post(messageTo(conversation, [customer]))).toHaveProperty("seq");
    await bystander.close();
  });

  test("messages to another conversation or tenant are refused alike, and the socket stays open", async () => {
    const elsewhere = await server.createTenant();
    const stranger = await customerDevice(server, randomUUID(), elsewhere);
    const outsider = await customerDevice(server);
    const before = await eventCount();
    for (const device of [stranger, outsider]) {
      const socket = await RelaySocket.open(server, device);
      for (const id of [conversation, newId<ConversationId>()]) {
        const answer = await socket.post(messageTo(id, [agent]));
        expect(answer).toMatchObject({ code: "conversation_not_found", epoch: 0, devices: [] });
      }
      socket.send({ kind: "ack", body: { cursors: [{ conversation, seq: 5 }] } });
      expect(await socket.post(messageTo(conversation, []))).toMatchObject({
        code: "conversation_not_found",
      });
      await socket.close();
    }
    expect(await eventCount()).toBe(before);
    const { rows } = await server.database.owner.query(
      "select from sealdesk.cursors where device = any($1::uuid[])",
      [[stranger.id, outsider.id]],
    );
    expect(rows).toEqual([]);
  });

  test("a repeated message is stored once, from any socket", async () => {
    const socket = await RelaySocket.open(server, customer);
    const send = messageTo(conversation, [agent]);
    const first = await socket.post(send);
    const before = await eventCount();
    expect(await socket.post(send)).toEqual(first);
    expect(await socket.post({ ...send, ciphertext: randomBytes(10) })).toEqual(first);
    await socket.close();
    const again = await RelaySocket.open(server, customer);
    expect(await again.post(send)).toEqual(first);
    await again.close();
    const copy = await RelaySocket.open(server, agent);
    expect(await copy.post(send)).toMatchObject({ code: "key_expired" });
    await copy.close();
    expect(await eventCount()).toBe(before);
  });
});

test("10,000 garbage frames over many sockets leave the relay serving", async () => {
  for (let round = 0; round < 20; round++) {
    const sockets = await Promise.all(Array.from({ length: 10 }, () => RelaySocket.dial(server)));
    for (const { socket } of sockets)
      for (let frame = 0; frame < 50; frame++) socket.send(randomBytes(1 + ((frame * 37) % 400)));
    expect(new Set(await Promise.all(sockets.map(({ closed }) => closed)))).toEqual(
      new Set([4500]),
    );
  }
  const socket = await RelaySocket.open(server, customer);
  expect(await socket.post(messageTo(conversation, [agent]))).toHaveProperty("seq");
  await socket.close();
});
