/** One account's frames do not keep the relay from serving others. */
import { once } from "node:events";
import { wireLimits } from "../../../crypto/wire/frame.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";

// An account that is over its rate is not read from again while a test runs.
const FRAMES = { burst: 100, perSecond: 0.001 };
const BYTES = { burst: 200_000, perSecond: 0.001 };
/** Frames that a device sends to start: it says where its conversation goes on. */
const STARTED = 1;
const heartbeat = { kind: "heartbeat", body: {} } as const;

let server: TestServer;
let conversation: ConversationId;
let customer: TestDevice;
let agent: TestDevice;
let relay: RelaySocket;
let other: RelaySocket;
beforeAll(async () => {
  server = await startTestServer({
    frameRates: { frames: FRAMES, bytes: BYTES, tenantBytes: { burst: 1e9, perSecond: 1e9 } },
  });
});
afterAll(() => server.close());
beforeEach(async () => {
  [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  conversation = await createConversation(customer, [agent]);
  relay = await RelaySocket.open(server, customer);
  other = await RelaySocket.open(server, agent);
});
afterEach(() => Promise.all([relay.close(), other.close()]));

const answered = (): number => relay.pending().filter(({ kind }) => kind === "heartbeat").length;

/** Asserts that the customer's frames are not read any more, and that the agent's are. */
async function expectOnlyOtherIsRead(): Promise<void> {
  const others = async () => {
    for (let round = 0; round < 5; round++)
      expect(await other.post(messageTo(conversation, [customer]))).toHaveProperty("seq");
  };
  await others();
  const before = answered();
  relay.send(heartbeat);
  await others();
  expect(answered()).toBe(before);
}

test("an account over its rate of frames is not read from, and another account is", async () => {
  // The last of these is over the rate. It is answered.
  for (let frame = 0; frame < FRAMES.burst + 1 - STARTED; frame++) {
    relay.send(heartbeat);
    await relay.next("heartbeat");
  }
  await expectOnlyOtherIsRead();
});

test("frames that were read together with the one over the rate are not answered either", async () => {
  for (let frame = 0; frame < 1_000; frame++) relay.send(heartbeat);
  await expectOnlyOtherIsRead();
  expect(answered()).toBe(FRAMES.burst + 1 - STARTED);
});

test("acknowledgements of what the account does not have count by their bytes", async () => {
  const cursors = Array.from({ length: wireLimits.cursors }, () => ({
    conversation: newId<ConversationId>(),
    seq: 5,
  }));
  for (let frame = 0; frame < 10; frame++) relay.send({ kind: "ack", body: { cursors } });
  await expectOnlyOtherIsRead();
});

test("pings count as frames", async () => {
  for (let ping = 0; ping < FRAMES.burst + 1 - STARTED; ping++) {
    relay.socket.ping();
    await once(relay.socket, "pong");
  }
  await expectOnlyOtherIsRead();
});

test("all sockets of an account count together", async () => {
  const sibling = await RelaySocket.open(server, customer);
  expect(await relay.closed).toBe(4509);
  for (let frame = 0; frame < FRAMES.burst + 1 - 2 * STARTED; frame++) {
    sibling.send(heartbeat);
    await sibling.next("heartbeat");
  }
  relay = await RelaySocket.open(server, customer);
  await expectOnlyOtherIsRead();
  await sibling.close();
});

test("an acknowledgement of more conversations than a device can owe is no frame", async () => {
  const cursors = Array.from({ length: wireLimits.cursors + 1 }, () => ({
    conversation: newId<ConversationId>(),
    seq: 5,
  }));
  relay.send({ kind: "ack", body: { cursors } });
  expect(await relay.closed).toBe(4500);
});
