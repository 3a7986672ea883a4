import { destroySubjectKeys } from "../../../keys/at-rest/destroy.ts";
import { createKeystorePool } from "../../../db/pool.ts";
import { Secret } from "../../../keys/secret.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { operatorEntries } from "../../support/operator-entries.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let apart: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  apart = await createTestDatabase();
  const keystoreUrl = new Secret(apart.ownerUrl);
  server = await startTestServer({ keystoreUrl, keystoreOwnerUrl: keystoreUrl });
});
afterAll(async () => {
  await server.close();
  await apart.drop();
});

const keysIn = async ({ owner }: TestDatabase): Promise<number> => {
  const { rows } = await owner.query<{ count: number }>(
    `select (select count(*) from keystore.subject_keys where wrapped is not null)::int
       + (select count(*) from keystore.scope_keys where wrapped is not null)::int as count`,
  );
  return rows[0]?.count ?? Number.NaN;
};

test("a keystore in another database leaves no key beside the data, and erasure is complete", async () => {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const id = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, customer);
  const message = messageTo(id, [agent]);
  await socket.post(message);
  expect(await keysIn(server.database)).toBe(0);
  expect(await keysIn(apart)).toBeGreaterThan(0);
  const node = await server.startNode();
  const reader = await RelaySocket.open(node, agent);
  const [, read] = await reader.deliveries(2);
  expect(Buffer.from(read!.ciphertext)).toEqual(Buffer.from(message.ciphertext));
  await reader.close();
  await node.close();

  const keystore = createKeystorePool(apart.ownerUrl, { max: 1 });
  const deps = { keystore, apart: server.database.pool, now: Date.now };
  const by = { actor: { kind: "system" as const, id: "test" } };
  await destroySubjectKeys(deps, customer.tenant, customer.user, by);
  await keystore.end();
  // The data as they were before: a keystore that is not restored with them opens nothing of it.
  const restarted = await server.startNode();
  const again = await RelaySocket.open(restarted, agent, [{ conversation: id, seq: 0 }]);
  await again.next("deliver");
  expect(await again.next("gap")).toMatchObject({ from: 2, to: 2, reason: "erased" });
  await Promise.all([again.close(), socket.close()]);
  await restarted.close();
});

test("the migrations of a keystore in another database are in the operator's log", async () => {
  const { rows } = await apart.owner.query<{ name: string }>(
    "select name from keystore_migrations.migrations order by name",
  );
  const ofKeystore = (await operatorEntries(server.database, "schema.migrate")).filter(
    ({ resource }) => (resource as { id?: string }).id === "keystore",
  );
  expect(ofKeystore.map(({ details }) => details)).toEqual([
    { migrations: rows.map(({ name }) => name) },
  ]);
});

test("a keystore whose schema is behind, or that is away, takes the server out of service", async () => {
  const ready = async () => {
    const reply = await fetch(`${server.url}/readyz`);
    const { reasons } = (await reply.json()) as { readonly reasons?: readonly string[] };
    return { status: reply.status, reasons };
  };
  expect(await ready()).toMatchObject({ status: 200 });
  const migrations = "keystore_migrations.migrations";
  await apart.owner.query(`update ${migrations} set name = 'x' || name where name like '0019%'`);
  expect(await ready()).toEqual({ status: 503, reasons: ["keystore_behind"] });
  await apart.owner.query(`alter schema keystore_migrations rename to away`);
  expect(await ready()).toEqual({ status: 503, reasons: ["keystore_unreachable"] });
  await apart.owner.query(`alter schema away rename to keystore_migrations`);
  await apart.owner.query(`update ${migrations} set name = substr(name, 2) where name like 'x%'`);
  expect(await ready()).toMatchObject({ status: 200 });
});
