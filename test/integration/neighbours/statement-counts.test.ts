import { randomBytes } from "node:crypto";
import pg from "pg";
import { requesterIn } from "../../../db/fairness/requester.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { appendKeyEntry } from "../../../identity/transparency/append-key-entry.ts";
import { keyLogOf } from "../../../identity/transparency/key-log.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { arrange, grantBy, postGrant } from "../control-plane/history-requests.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { UserId, DeviceId } from "../../../crypto/wire/ids.ts";

// A request that runs one statement for each thing it reads or writes keeps a connection that others
// wait for. These tests count how often the server repeats any statement during one request.

const MANY = 32;
let server: TestServer;
const repeats = new Map<string, number>();

beforeAll(async () => {
  const query = Reflect.get(pg.Client.prototype, "query") as (...given: unknown[]) => unknown;
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const [first] = given as [string | { readonly text: string }];
    const text = typeof first === "string" ? first : first.text;
    // The server's periodic tasks run meanwhile, and work for nobody's request.
    if (requesterIn("") !== undefined) repeats.set(text, (repeats.get(text) ?? 0) + 1);
    return query.apply(this, given);
  } as never;
  server = await startTestServer();
});
afterAll(() => server.close());

/** Runs one request. @returns how often the most frequent statement ran */
async function mostRepeated(request: () => Promise<unknown>): Promise<number> {
  repeats.clear();
  await request();
  expect(repeats.size).toBeGreaterThan(0);
  return Math.max(...repeats.values());
}

/** Users with one device each, put straight into the database. */
async function manyAgents(): Promise<{ readonly user: UserId }[]> {
  const agents = Array.from({ length: MANY }, () => ({ user: newId<UserId>() }));
  const users = agents.map(({ user }) => user);
  const { owner } = server.database;
  await owner.query(
    `insert into sealdesk.users (id, tenant, role, created_at_ms)
     select unnest($1::uuid[]), $2, 'agent', 0`,
    [users, server.tenant.id],
  );
  await owner.query(
    `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key, identity_key,
       receipt_key, certificate, created_at_ms)
     select gen_random_uuid(), $2, id, 1, sha256(id::text::bytea), $3, $4, $5, 0
     from unnest($1::uuid[]) as id`,
    [users, server.tenant.id, randomBytes(33), randomBytes(32), randomBytes(64)],
  );
  return agents;
}

test("a list of conversations is read with one statement, and has each one's members", async () => {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  const ids: string[] = [];
  for (let index = 0; index < MANY; index++) ids.push(await createConversation(customer, [agent]));
  const most = await mostRepeated(() => customer.request("GET", "/v1/conversations"));
  expect(most).toBeLessThan(MANY / 2);
  const { body } = await customer.request("GET", "/v1/conversations");
  expect(body.conversations.map(({ id }: { id: string }) => id)).toEqual(ids);
  for (const listed of body.conversations) {
    expect(listed).toMatchObject({ suite: "signal-v1", state: "open", epoch: 1 });
    expect(listed.createdBy).toBe(customer.user);
    expect(new Set(listed.members)).toEqual(
      new Set([
        { user: customer.user, role: "customer", devices: [customer.id] },
        { user: agent.user, role: "agent", devices: [agent.id] },
      ]),
    );
    const { body: read } = await customer.request("GET", `/v1/conversations/${listed.id}`);
    expect(read).toMatchObject({ ...listed, head: { seq: 1 } });
  }
});

test("a membership that needs no break-glass calls no function for its row", async () => {
  const { rows } = await server.database.owner.query<{ "QUERY PLAN": string }>(
    "explain (verbose) select from sealdesk.members m where sealdesk.is_current(m.break_glass)",
  );
  const plan = rows.map((row) => row["QUERY PLAN"]).join();
  expect(plan).toContain("is_running");
  expect(plan).not.toContain("sealdesk.is_current(");
});

test("a message of a known conversation takes one statement, which checks the version of the policy", async () => {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  const id = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, agent);
  const post = () => socket.post(messageTo(id, [customer]));
  // The first message reads the conversation and the policy.
  expect(await post()).toHaveProperty("seq");
  repeats.clear();
  expect(await post()).toHaveProperty("seq");
  const texts = [...repeats].flatMap(([text, times]) => Array.from({ length: times }, () => text));
  const inserts = texts.filter((text) => text.includes("insert into events"));
  expect(inserts).toHaveLength(1);
  expect(inserts[0]).toContain("assert_policy_version");
  expect(texts.filter((text) => text.includes("policy_version()"))).toEqual([]);
  await socket.close();
});

test("a conversation with many members is created with few statements", async () => {
  const customer = await customerDevice(server);
  const members = await manyAgents();
  let id = "";
  const most = await mostRepeated(async () => {
    id = await createConversation(customer, members);
  });
  expect(most).toBeLessThan(MANY / 2);
  const { body } = await customer.request("GET", `/v1/conversations/${id}`);
  expect(body.members).toHaveLength(MANY + 1);
  for (const { devices } of body.members) expect(devices).toHaveLength(1);
});

test("a grant with many packs is checked with few statements", async () => {
  const arranged = await arrange(server);
  const packs = [];
  for (let index = 0; index < MANY; index++)
    packs.push(...(await grantBy(server, arranged, arranged.customer)).packs);
  const grant = await grantBy(server, arranged, arranged.customer, { packs });
  const most = await mostRepeated(async () => {
    expect((await postGrant(arranged, arranged.customer, grant)).status).toBe(200);
  });
  expect(most).toBeLessThan(MANY / 2);
});

test("a long key history is proved with few statements", async () => {
  const device = new TestDevice(server);
  await device.signInAsCustomer("with a long history");
  const { tenant, user } = device;
  const log = keyLogOf(tenant);
  const change = (at: number) => ({
    change: "device_added" as const,
    record: {
      tenant,
      user,
      device: newId<DeviceId>(),
      accountKey: new Uint8Array(32),
      deviceKey: randomBytes(32),
      identityKey: randomBytes(33),
      receiptKey: randomBytes(32),
    },
    certificate: new Uint8Array(64).fill(at),
    list: undefined,
  });
  for (let at = 0; at < MANY; at++) {
    await inTransaction(server.database.pool, tenant, (client) =>
      appendKeyEntry(client, change(at)),
    );
    // The next entry is in another tile.
    await server.database.owner.query(
      "insert into audit.entries (tenant, entry) select $1, 'filler' from generate_series(1, 256)",
      [log],
    );
  }
  const path = `/v1/users/${user}/key-history`;
  // A first request may wait until everything is signed.
  while ((await device.request("GET", path)).status !== 200);
  let entries: unknown[] = [];
  const most = await mostRepeated(async () => {
    entries = (await device.request("GET", path)).body.entries;
  });
  expect(entries).toHaveLength(MANY);
  expect(most).toBeLessThan(MANY / 2);
});
