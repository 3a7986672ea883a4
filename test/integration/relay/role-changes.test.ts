import { closeConversation } from "../../support/acts.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, helloOf, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const never = 3_600_000;

async function withTwoNodes(
  pollMs: number,
  work: (server: TestServer, other: TestNode) => Promise<void>,
): Promise<void> {
  const server = await startTestServer({}, { tickMs: 10, pollMs });
  const other = await server.startNode();
  try {
    await work(server, other);
  } finally {
    await other.close();
    await server.close();
  }
}

const changeRole = (server: TestServer, { user }: TestDevice, role: string) =>
  server.database.owner.query("update sealdesk.users set role = $2 where id = $1", [user, role]);

/** A round trip: whatever the relay had to send before, it has sent. */
const settled = (socket: RelaySocket) =>
  socket.post(messageTo(idOf("00000000-0000-4000-8000-000000000000"), []));

const kindsOf = (socket: RelaySocket) => socket.pending().map(({ kind }) => kind);

test.each([
  ["a notification", never, false],
  ["a re-check, when the notification is lost", 50, true],
])(
  "a changed role closes the sockets on both nodes by %s, and decides after that",
  async (_name, pollMs, isLost) => {
    await withTwoNodes(pollMs, async (server, other) => {
      if (isLost)
        await server.database.owner.query(
          "alter table sealdesk.users disable trigger roles_are_announced",
        );
      const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
      const second = await staffDevice(server);
      const id = await createConversation(customer, [agent, second]);
      const here = await RelaySocket.open(server, agent);
      const there = await RelaySocket.open(other, second);
      await Promise.all([here.next("synced"), there.next("synced")]);
      // Both nodes have the conversation in memory, with the roles as they were.
      expect(await here.post(messageTo(id, [customer, second]))).toHaveProperty("seq");
      expect(await there.post(messageTo(id, [customer, agent]))).toHaveProperty("seq");

      for (const [socket, device, role] of [
        [here, agent, "auditor"],
        [there, second, "admin"],
      ] as const) {
        await changeRole(server, device, role);
        expect(await socket.closed).toBe(4004);
      }
      for (const [node, device] of [
        [server, agent],
        [other, second],
      ] as const) {
        const again = await RelaySocket.dial(node);
        again.send({ kind: "hello", body: helloOf(device) });
        await again.next("welcome");
        expect(again.heads).toEqual([]);
        const writing = await RelaySocket.open(node, customer);
        const others = [agent, second];
        expect(await writing.post(messageTo(id, others))).toHaveProperty("seq");
        again.send({
          kind: "activity",
          body: { conversation: id, kind: "typing", seq: 0, device: undefined },
        });
        const refusal = await again.post(messageTo(id, [customer]));
        expect(refusal).toMatchObject({ code: "forbidden", epoch: 0, devices: [] });
        await settled(writing);
        expect(kindsOf(writing).filter((kind) => kind === "activity")).toEqual([]);
        expect(kindsOf(again)).toEqual([]);
        await Promise.all([again.close(), writing.close()]);
        const listed = await device.request("GET", "/v1/conversations");
        expect(listed.body).toMatchObject({ conversations: [] });
      }

      await changeRole(server, agent, "agent");
      const back = await RelaySocket.open(server, agent);
      await back.deliveries(5);
      expect(await back.post(messageTo(id, [customer, second]))).toHaveProperty("seq");
      await back.close();
    });
  },
);

test("a request that was admitted under an earlier role changes nothing", async () => {
  await withTwoNodes(never, async (server) => {
    const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
    const id = await createConversation(customer, [agent]);
    const client = await server.database.owner.connect();
    // The request waits for the conversation's row while the role changes.
    await client.query("begin");
    await client.query("select from sealdesk.conversations where id = $1 for update", [id]);
    const closing = closeConversation(agent, id);
    const BLOCKED =
      "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    while ((await server.database.owner.query(BLOCKED)).rowCount === 0);
    await client.query("update sealdesk.users set role = 'auditor' where id = $1", [agent.user]);
    await client.query("commit");
    client.release();
    const answer = await closing;
    expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
    const read = await customer.request("GET", `/v1/conversations/${id}`);
    expect(read.body).toMatchObject({ state: "open" });
  });
});
