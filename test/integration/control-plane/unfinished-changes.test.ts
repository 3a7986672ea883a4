import { randomBytes, randomUUID } from "node:crypto";
import { eventKinds } from "../../../crypto/wire/frame.ts";
import type { ConversationId, SessionId } from "../../../crypto/wire/ids.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { resetAccount } from "../../../identity/directory/reset-account.ts";
import { reconcileDevices } from "../../../messaging/members/reconcile-devices.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, RelaySocket } from "../../support/relay-socket.ts";
import { startSecondNode } from "../../support/second-node.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let admin: TestDevice;
beforeAll(async () => {
  server = await startTestServer({}, { reconcileEveryMs: 50 });
  admin = await staffDevice(server, "admin");
});
afterAll(() => server.close());

/** The events of a conversation about devices, and the epochs that they begin. */
async function deviceEvents(conversation: ConversationId) {
  const { rows } = await server.database.owner.query<{ kind: number; epoch: number }>(
    "select kind, epoch from sealdesk.events where conversation = $1 and seq > 1 order by seq",
    [conversation],
  );
  return rows;
}
const { device_added: added, device_removed: removed } = eventKinds;

async function sessionOf({ user }: TestDevice): Promise<SessionId> {
  const { rows } = await server.database.owner.query<{ id: SessionId }>(
    "select id from sealdesk.sessions where user_id = $1",
    [user],
  );
  return rows[0]!.id;
}

test("a reset that a killed node did not announce is finished once, by two other nodes at the same time", async () => {
  const [lost, agent] = [await customerDevice(server), await staffDevice(server)];
  const conversation = await createConversation(lost, [agent]);
  const [other, node] = [await server.startNode(), await startSecondNode(server)];
  const { owner, pool } = server.database;
  const path = `/v1/users/${lost.user}/reset`;
  await inTransaction(pool, admin.tenant, async (client) => {
    // The reset can commit; what brings the conversation in line has to wait.
    await client.query("select from member_devices where conversation = $1 for update", [
      conversation,
    ]);
    const answer = fetch(node.server.url + path, {
      method: "POST",
      headers: {
        authorization: `DPoP ${admin.token}`,
        dpop: admin.proof("POST", path, { token: admin.token }),
        "content-type": "application/json",
      },
      body: JSON.stringify({ reason: "devices_lost" }),
    });
    const unanswered = expect(answer).rejects.toThrow("fetch failed");
    await until(async () => {
      const { rowCount } = await owner.query(
        `select from pg_stat_activity where datname = current_database()
           and wait_event_type = 'Lock' and query like '%update member_devices%'`,
      );
      // The node that reset the account, and the two that found it unfinished.
      return rowCount === 3;
    });
    await node.kill();
    await unanswered;
  });
  await until(async () => (await deviceEvents(conversation)).length > 0);
  // Ending waits for the run under way.
  await other.close();
  expect(await deviceEvents(conversation)).toEqual([{ kind: removed, epoch: 2 }]);
  const entries = (await server.auditEntries()).filter(
    ({ action }) => action === "conversation.device_removed",
  );
  expect(entries).toMatchObject([{ actor: { id: "reconcile-devices" }, subject: lost.user }]);
});

test("a conversation that cannot be changed keeps no other from losing a removed device", async () => {
  const [lost, agent] = [await customerDevice(server), await staffDevice(server)];
  const conversations = [
    await createConversation(lost, [agent]),
    await createConversation(lost, [agent]),
  ];
  const asked: string[] = [];
  await server.database.owner.query(
    "update sealdesk.devices set revoked_at_ms = created_at_ms where user_id = $1",
    [lost.user],
  );
  const reconciling = reconcileDevices(
    {
      pool: server.database.pool,
      now: () => server.clock.now(),
      log: {
        change: async (_tenant, conversation) => {
          asked.push(conversation);
          throw new Error("stuck");
        },
      },
    },
    lost,
  );
  await expect(reconciling).rejects.toThrow();
  expect(asked.toSorted()).toEqual(conversations.toSorted());
});

test("a running node finds a reset and a registration that were cut off, and tells who is connected", async () => {
  const [lost, agent] = [await customerDevice(server), await staffDevice(server)];
  const conversation = await createConversation(lost, [agent]);
  const watching = await RelaySocket.open(server, agent);
  await watching.deliveries(1);
  const { tenant, user, id: device } = admin;
  const session = await sessionOf(admin);
  const resetting = resetAccount(
    {
      pool: server.database.pool,
      now: () => server.clock.now(),
      disconnect: () => undefined,
      announce: () => Promise.reject(new Error("cut off")),
    },
    {
      tenant,
      user,
      role: "admin",
      device,
      session,
      method: "password",
      policy: defaultPolicy,
      signIn: unknownSignIn,
    },
    { user: lost.user, reason: "devices_lost" },
  );
  await expect(resetting).rejects.toThrow("cut off");
  expect(await watching.deliveries(1)).toMatchObject([{ kind: "device_removed", epoch: 2 }]);
  // A registration whose node did not live to announce it.
  const nowMs = server.clock.now();
  await server.database.owner.query(
    `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key, identity_key,
       receipt_key, certificate, created_at_ms) values ($1, $2, $3, 1, $4, $5, $4, $6, $7)`,
    [randomUUID(), tenant, lost.user, randomBytes(32), randomBytes(33), randomBytes(64), nowMs],
  );
  expect(await watching.deliveries(1)).toMatchObject([{ kind: "device_added", epoch: 3 }]);
  expect(await deviceEvents(conversation)).toMatchObject([{ kind: removed }, { kind: added }]);
  await watching.close();
});
