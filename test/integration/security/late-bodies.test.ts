/** A request is let in before its body is read; what it asks for is done by who may when that is. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { actBy, signed } from "../../support/acts.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Sends a request whose body ends only when `finish` is called. */
function begin(device: TestDevice, path: string, body: object) {
  const held = new TransformStream<Uint8Array, Uint8Array>();
  const sending = held.writable.getWriter();
  const whole = Buffer.from(JSON.stringify(body));
  void sending.write(whole.subarray(0, 1));
  const answer = fetch(server.url + path, {
    method: "POST",
    headers: {
      dpop: device.proof("POST", path, { token: device.token }),
      authorization: `DPoP ${device.token}`,
      "content-type": "application/json",
    },
    body: held.readable,
    duplex: "half",
  });
  const finish = async () => {
    void sending.write(whole.subarray(1));
    void sending.close();
    const response = await answer;
    const { code } = (await response.json()) as { code: string };
    return [response.status, code];
  };
  return { finish };
}

/** Runs `change` once the request that `send` begins was authenticated, and while its body is awaited. */
async function afterAuthentication<T>(send: () => T, change: string, user: string): Promise<T> {
  const { owner, ownerUrl } = server.database;
  const waiting = async (like: string) => {
    const asked = `select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like $1`;
    while ((await owner.query(asked, [like])).rows.length === 0);
  };
  // Who waits for the table's lock gets it in turn: first the request, to read its session, then this.
  const lock = "lock table sealdesk.sessions in access exclusive mode";
  const [holding, changing] = [new pg.Client(ownerUrl), new pg.Client(ownerUrl)];
  for (const client of [holding, changing]) {
    await client.connect();
    await client.query("begin");
  }
  await holding.query(lock);
  const sent = send();
  await waiting("%join tenants t on t.id = s.tenant%");
  const locked = changing.query(lock);
  await waiting(`${lock}%`);
  await holding.query("commit");
  await locked;
  await changing.query(change, [user]);
  await changing.query("commit");
  await Promise.all([holding.end(), changing.end()]);
  return sent;
}

const endSessions = "update sealdesk.sessions set revoked_at_ms = 1 where user_id = $1";
const removeDevices = "update sealdesk.devices set revoked_at_ms = 1 where user_id = $1";

test.each([
  ["session has ended", endSessions, 401, "session_revoked"],
  ["device was removed", removeDevices, 403, "device_revoked"],
])("an admin whose %s meanwhile cannot reset an account", async (_what, change, status, code) => {
  const [admin, victim] = [await staffDevice(server, "admin"), await customerDevice(server)];
  const path = `/v1/users/${victim.user}/reset`;
  const { finish } = await afterAuthentication(
    () => begin(admin, path, { reason: "devices_lost" }),
    change,
    admin.user,
  );
  expect(await finish()).toEqual([status, code]);
  expect((await server.auditEntries()).at(-1)).toMatchObject({
    action: "account.reset",
    outcome: "refused",
    reason: code,
    actor: { id: admin.user },
    subject: victim.user,
  });
  expect((await victim.request("GET", "/v1/staff")).status).toBe(200);
});

test("an agent whose session has ended meanwhile cannot add a member", async () => {
  const [customer, agent, other] = [
    await customerDevice(server),
    await staffDevice(server),
    await staffDevice(server),
  ];
  const id = await createConversation(customer, [agent]);
  const path = `/v1/conversations/${id}/members`;
  const body = signed(agent, await actBy(agent, id, "member_added", other.user));
  const { finish } = await afterAuthentication(
    () => begin(agent, path, body),
    endSessions,
    agent.user,
  );
  expect(await finish()).toEqual([401, "session_revoked"]);
  const read = await customer.request("GET", `/v1/conversations/${id}`);
  expect(read.body.members).toHaveLength(2);
  expect((await server.auditEntries()).at(-1)).toMatchObject({
    action: "conversation.add_member",
    outcome: "refused",
    reason: "session_revoked",
  });
});

test("a device whose session has ended meanwhile cannot approve another", async () => {
  const device = await customerDevice(server);
  const id = randomUUID();
  const path = `/v1/link-requests/${id}/approval`;
  const { finish } = await afterAuthentication(
    () => begin(device, path, { sealed: "AAAA" }),
    endSessions,
    device.user,
  );
  expect(await finish()).toEqual([401, "session_revoked"]);
});
