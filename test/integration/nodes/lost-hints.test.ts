import { randomUUID } from "node:crypto";
import { Secret } from "../../../keys/secret.ts";
import { addMember, removeMember } from "../../support/acts.ts";
import { Conversing } from "../../support/conversing.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";

const HINTED_POLL_MS = 600_000;
const POLL_MS = 300;

/** What must hold however a node learns of the other's events. */
function membersAcrossNodes(server: () => TestServer, other: () => TestNode): void {
  test("a user added through one node hears of it on the other, and a removed user hears no more", async () => {
    const customer = await customerDevice(server());
    const agent = await staffDevice(server());
    const second = await staffDevice(server());
    const id = await createConversation(customer, [agent]);
    const from = await RelaySocket.open(server(), customer);
    const there = await RelaySocket.open(other(), second);
    const staying = await RelaySocket.open(other(), agent);
    await staying.deliveries(1);

    await addMember(agent, id, second.user);
    expect((await there.deliveries(1))[0]).toMatchObject({ seq: 2, kind: "member_added" });
    const both = messageTo(id, [agent, second], { epoch: 2 });
    expect(await from.post(both)).toMatchObject({ seq: 3 });
    expect((await there.deliveries(1))[0]).toMatchObject({
      seq: 3,
      packet: both.packets[1]?.bytes,
    });
    expect(await there.post(messageTo(id, [customer, agent], { epoch: 2 }))).toMatchObject({
      seq: 4,
    });

    await removeMember(second, id, second.user);
    expect(await from.post(messageTo(id, [agent], { epoch: 3 }))).toMatchObject({ seq: 6 });
    expect((await there.deliveries(1))[0]).toMatchObject({ seq: 5, kind: "member_removed" });
    const rest = await staying.deliveries(5);
    expect(rest.map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6]);
    // A round trip on the same socket: had there been more, it would have come before.
    expect(await there.post(messageTo(id, [customer, agent], { epoch: 3 }))).toMatchObject({
      code: "conversation_not_found",
    });
    expect(there.pending().filter(({ kind }) => kind === "deliver")).toEqual([]);
    await Promise.all([from.close(), there.close(), staying.close()]);
  });

  test("a device that is removed through one node has its socket on the other closed", async () => {
    const subject = randomUUID();
    const customer = await customerDevice(server(), subject);
    const agent = await staffDevice(server());
    await createConversation(customer, [agent]);
    const second = new TestDevice(server());
    second.joinAccountOf(customer);
    await second.signInAsCustomer(subject);
    await second.register();
    const there = await RelaySocket.open(other(), second);
    const beside = await RelaySocket.open(other(), customer);
    await there.next("synced");
    await customer.remove(second);
    expect(await there.closed).toBe(4503);
    expect(beside.socket.readyState).toBe(beside.socket.OPEN);
    await beside.close();
  });

  test("a user removed through one node while the other appends sees no later event", async () => {
    const pair = await Conversing.begin(server(), [server(), other()]);
    const third = await staffDevice(server());
    const { customer, agent, id } = pair;
    await addMember(agent.device, id, third.user);
    const there = await RelaySocket.open(other(), third);
    await there.deliveries(1);
    await removeMember(third, id, third.user);
    // Appended on the node that may not have heard of the removal yet.
    expect(await agent.socket.post(messageTo(id, [customer.device], { epoch: 3 }))).toMatchObject({
      seq: 4,
    });
    expect((await there.deliveries(1))[0]).toMatchObject({ seq: 3, kind: "member_removed" });
    expect(await there.post(messageTo(id, [agent.device], { epoch: 3 }))).toMatchObject({
      code: "conversation_not_found",
    });
    expect(there.pending().filter(({ kind }) => kind === "deliver")).toEqual([]);
    await Promise.all([there.close(), pair.close()]);
  });
}

describe("with hints over NOTIFY, and polls too rare to help", () => {
  let server: TestServer;
  let other: TestNode;
  beforeAll(async () => {
    server = await startTestServer({}, { pollMs: HINTED_POLL_MS, hintFlushMs: 5 });
    other = await server.startNode();
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  membersAcrossNodes(
    () => server,
    () => other,
  );

  test("a socket of the same device on the other node displaces the first, for good", async () => {
    const device = await customerDevice(server);
    const first = await RelaySocket.open(server, device);
    const second = await RelaySocket.open(other, device);
    expect(await first.closed).toBe(4509);
    const third = await RelaySocket.open(server, device);
    expect(await second.closed).toBe(4509);
    await third.close();
  });

  test("a false hint closes no socket and hides no message", async () => {
    const pair = await Conversing.begin(server, [server, other]);
    const heads = [[server.tenant.id, pair.id, 1_000_000, true]];
    const { device } = pair.agent;
    const ended = [[server.tenant.id, device.id]];
    const devices = [[device.id, Number.MAX_SAFE_INTEGER]];
    const activities = [[pair.id, pair.customer.device.id, "typing", 0]];
    const presences = [[server.tenant.id, pair.customer.device.user, "idle", 1]];
    const social = { devices, activities, presences };
    for (const payload of [
      JSON.stringify({ node: "somebody", at: 0, heads, ended }),
      JSON.stringify({ node: "somebody", at: 0, ...social }),
      `${"A".repeat(43)}.${JSON.stringify({ node: "somebody", at: 0, ...social })}`,
      JSON.stringify({ node: "somebody", at: 0, heads: [["no", "ids", -1, "here"]] }),
      "not even JSON",
    ])
      await server.database.owner.query("select pg_notify('sealdesk_hints', $1)", [payload]);
    await pair.say("customer");
    await pair.say("agent");
    expect(pair.receivedByBoth().toSorted()).toEqual(pair.accepted.toSorted());
    const passing = pair.agent.socket.pending().map((frame) => frame.kind);
    expect(new Set(passing).has("activity")).toBe(false);
    await pair.close();
  });
});

describe("with every hint lost, for one node hints over Redis and the other over NOTIFY", () => {
  let redis: TestRedis;
  let server: TestServer;
  let other: TestNode;
  beforeAll(async () => {
    redis = await startRedis();
    server = await startTestServer({}, { pollMs: POLL_MS, hintFlushMs: 5 });
    other = await server.startNode({ redisUrl: new Secret(redis.url) });
  });
  afterAll(async () => {
    await other.close();
    await server.close();
    await redis.kill();
  });

  membersAcrossNodes(
    () => server,
    () => other,
  );

  test("messages arrive in both directions within the poll's interval", async () => {
    const pair = await Conversing.begin(server, [server, other]);
    const took = [];
    for (let round = 0; round < 3; round++)
      took.push(await pair.say("customer"), await pair.say("agent"));
    expect(Math.max(...took)).toBeLessThan(POLL_MS * 1.25 + 2_000);
    expect(pair.receivedByBoth().toSorted()).toEqual(pair.accepted.toSorted());
    await pair.close();
  });
});
