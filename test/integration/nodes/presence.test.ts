import type { PresenceState } from "../../../crypto/wire/frame.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { Secret } from "../../../keys/secret.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, RelaySocket } from "../../support/relay-socket.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";

const timings = { tickMs: 10, offlineAfterMs: 150, beatMs: 100, pollMs: 600_000, hintFlushMs: 5 };

const say = (socket: RelaySocket, state: PresenceState) =>
  socket.send({ kind: "presence", body: { state, user: undefined, since: 0 } });

let server: TestServer;
let other: TestNode;
let customer: TestDevice;
let agent: TestDevice;
let id: ConversationId;

async function startBoth(redis?: TestRedis): Promise<void> {
  server = await startTestServer(redis && { redisUrl: new Secret(redis.url) }, timings);
  other = await server.startNode();
  customer = await customerDevice(server);
  agent = await staffDevice(server);
  id = await createConversation(customer, [agent]);
}

const isOf = async (socket: RelaySocket, state: PresenceState) => {
  // Between two states another may be told, while nodes come and go.
  while ((await socket.next("presence")).state !== state);
};

describe("over NOTIFY", () => {
  beforeAll(() => startBoth());
  afterAll(() => server.close());

  test("a user who is present on one node is seen on the other, until the node stops", async () => {
    const stranger = await RelaySocket.open(server, await staffDevice(server));
    const watching = await RelaySocket.open(server, agent);
    const there = await RelaySocket.open(other, customer);
    say(there, "online");
    expect(await watching.next("presence")).toMatchObject({
      user: customer.user,
      state: "online",
    });
    there.send({
      kind: "activity",
      body: { conversation: id, kind: "typing", seq: 0, device: undefined },
    });
    expect(await watching.next("activity")).toMatchObject({ kind: "typing", device: customer.id });
    say(there, "idle");
    expect(await watching.next("presence")).toMatchObject({ state: "idle" });
    await watching.close();

    const later = await RelaySocket.open(server, agent);
    expect(await later.next("presence")).toMatchObject({ user: customer.user, state: "idle" });
    await other.close();
    expect(await later.next("presence")).toMatchObject({ user: customer.user, state: "offline" });
    for (const each of [stranger, later])
      expect(
        each.pending().filter(({ kind }) => kind === "presence" || kind === "activity"),
      ).toEqual([]);
    await Promise.all([stranger.close(), later.close()]);
  });
});

describe("over Redis", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
    await startBoth(redis);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
    await redis.kill();
  });

  test("R2: presence recovers after Redis was killed, and tells what changed meanwhile", async () => {
    const watching = await RelaySocket.open(server, agent);
    const there = await RelaySocket.open(other, customer);
    say(there, "online");
    await isOf(watching, "online");
    await redis.kill();
    await isOf(watching, "offline");
    say(there, "idle");
    await redis.restart();
    await isOf(watching, "idle");
    await Promise.all([watching.close(), there.close()]);
  });
});

describe("what is ended on one node ends on the other", () => {
  beforeAll(() => startBoth());
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  test("a removed device and a closed session lose their sockets there", async () => {
    const removed = await RelaySocket.open(other, customer);
    await customer.remove(customer);
    expect(await removed.closed).toBe(4503);
    const signedOut = await RelaySocket.open(other, agent);
    await agent.request("DELETE", "/v1/sessions/current");
    expect(await signedOut.closed).toBe(4501);
  });
});
