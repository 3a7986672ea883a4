import { randomBytes } from "node:crypto";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { openCheckpoint } from "../../../audit/verify/checkpoint.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import { verifyHistory, type ProvenEntries } from "../../../client/key-log/key-history.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { STAFF_PER_PAGE } from "../../../identity/accounts/staff.ts";
import { appendKeyEntry } from "../../../identity/transparency/append-key-entry.ts";
import { staffDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";

await ready;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("the key history of an account with many devices comes in pages that continue each other", async () => {
  const agent = await staffDevice(server);
  const { tenant, user } = agent;
  const random = (length: number) => new Uint8Array(randomBytes(length));
  await inTransaction(server.database.pool, tenant, async (client) => {
    for (let count = 0; count < 230; count++)
      await appendKeyEntry(client, {
        change: "device_added",
        record: {
          tenant,
          user,
          device: newId<DeviceId>(),
          accountKey: random(32),
          deviceKey: random(32),
          identityKey: random(33),
          receiptKey: random(32),
        },
        certificate: random(64),
        list: undefined,
      });
  });
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));
  const sizes: number[] = [];
  let history: ProvenEntries | undefined;
  for (let more = true; more;) {
    const after = history?.entries.length ?? 0;
    const { status, body } = await agent.request(
      "GET",
      `/v1/users/${user}/key-history?after=${after}`,
    );
    expect(status).toBe(200);
    const key = parseVkey(nodeChecks.sha256, body.vkey);
    const head = openCheckpoint(nodeChecks, body.checkpoint, key);
    const entries = (body.entries as { index: number; entry: string; proof: string[] }[]).map(
      ({ index, entry, proof }) => ({ index, entry: bytes(entry), proof: proof.map(bytes) }),
    );
    history = verifyHistory(entries, head, { tenant, user }, history);
    sizes.push(entries.length);
    ({ more } = body as { more: boolean });
  }
  expect(sizes).toEqual([100, 100, 31]);
});

test("the staff of a large tenant come in pages", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  await server.database.owner.query(
    `insert into sealdesk.users (id, tenant, role, username_index, username, display_name,
       password_hash, created_at_ms)
     select gen_random_uuid(), tenant, role, sha256(n::text::bytea), username, null, password_hash,
       created_at_ms
     from sealdesk.users, generate_series(1, $2::int) n where id = $1`,
    [agent.user, STAFF_PER_PAGE],
  );
  const first = await agent.request("GET", "/v1/staff");
  expect(first.body.staff).toHaveLength(STAFF_PER_PAGE);
  const second = await agent.request("GET", `/v1/staff?after=${first.body.next}`);
  expect(second.body).toMatchObject({ next: null });
  const listed = [...first.body.staff, ...second.body.staff] as { id: string }[];
  expect(new Set(listed.map(({ id }) => id)).size).toBe(STAFF_PER_PAGE + 1);
  expect((await agent.request("GET", "/v1/staff?after=x")).status).toBe(400);
});
