import { createKeystorePool } from "../../../db/pool.ts";
import { destroyScopes } from "../../../keys/at-rest/destroy.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { RelaySocket } from "../../support/relay-socket.ts";
import { arrange, grantBy, postGrant } from "../control-plane/history-requests.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** The event that says the grant, as a new connection of the recipient is sent it. */
async function received({ colleague }: Awaited<ReturnType<typeof arrange>>) {
  const reader = await RelaySocket.open(server, colleague);
  const [, granted] = await reader.deliveries(2);
  await reader.close();
  return granted!;
}

test("packets of a grant are sealed where they stand, and gone with the key of the grantor's scope", async () => {
  const arranged = await arrange(server);
  const { customer, colleague, id } = arranged;
  const grant = await grantBy(server, arranged, customer);
  const packet = Buffer.alloc(100, "what the grantor's device made");
  const packets = [{ device: colleague.id, bytes: packet.toString("base64url") }];
  expect((await postGrant(arranged, customer, grant, { packets })).status).toBe(200);
  const { rows } = await server.database.owner.query<{ bytes: Buffer }>(
    "select bytes from sealdesk.packets where conversation = $1 and device = $2",
    [id, colleague.id],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]!.bytes.includes(packet.subarray(0, 40))).toBe(false);
  expect(await received(arranged)).toMatchObject({ kind: "history_granted", packet });

  const keystore = createKeystorePool(server.loginUrl, { max: 1 });
  await destroyScopes(
    { keystore, apart: undefined, now: Date.now },
    customer.tenant,
    { subject: customer.user, author: customer.user },
    { actor: { kind: "system", id: "test" } },
  );
  await keystore.end();
  // That there was a grant stays on record; the event's own bytes are no content.
  let granted = await received(arranged);
  while (granted.packet !== undefined) granted = await received(arranged);
  expect(granted).toMatchObject({ kind: "history_granted", conversation: id });
  const later = await postGrant(arranged, customer, { ...grant, id: newId() });
  expect([later.status, later.body.code]).toEqual([410, "key_destroyed"]);
});

test("a packet that was moved to another device is not delivered", async () => {
  const arranged = await arrange(server);
  const { agent, colleague, id } = arranged;
  const grant = await grantBy(server, arranged, arranged.customer);
  expect((await postGrant(arranged, arranged.customer, grant)).status).toBe(200);
  const { rowCount } = await server.database.owner.query(
    "update sealdesk.packets set device = $3 where conversation = $1 and device = $2 and seq = 5",
    [id, colleague.id, agent.id],
  );
  expect(rowCount).toBe(1);
  const reader = await RelaySocket.open(server, agent);
  await reader.closed;
  expect(server.logged()).toContain("seal_broken");
});
