import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { zeroHash } from "../../../crypto/wire/event.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

// As a server of an earlier version stores a batch: without the hash of the event before.
const INSERT = `
  insert into sealdesk.events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
    client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash)
  select $1, $2, seq, 1, gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(), $3, '', '', '', hash
  from unnest($4::int8[], $5::bytea[]) as e (seq, hash)`;
const LOG = `
  select previous_hash as hash from sealdesk.events
  where conversation = $1 and kind > 0 order by seq`;

/** Stores events, in two batches, and their hashes. */
async function earlierLog() {
  const [tenant, conversation] = [newId<TenantId>(), randomUUID()];
  const hashes = Array.from({ length: 4 }, () => randomBytes(32));
  const now = Date.now();
  await inTransaction(database.pool, tenant, async (client) => {
    await client.query(INSERT, [tenant, conversation, now, [1, 2, 3], hashes.slice(0, 3)]);
    await client.query(INSERT, [tenant, conversation, now, [4], hashes.slice(3)]);
  });
  return { conversation, before: [Buffer.from(zeroHash), ...hashes.slice(0, 3)] };
}

async function keptOf(conversation: string): Promise<(Buffer | null)[]> {
  const { rows } = await database.owner.query<{ hash: Buffer | null }>(LOG, [conversation]);
  return rows.map(({ hash }) => hash);
}

test("the database adds the hash that a server of an earlier version does not say", async () => {
  const { conversation, before } = await earlierLog();
  expect(await keptOf(conversation)).toEqual(before);
});

test("an upgrade adds the hash to the events that are there, where it is known", async () => {
  const { owner } = database;
  const [whole, holed] = [await earlierLog(), await earlierLog()];
  await owner.query("delete from sealdesk.events where conversation = $1 and seq = 2", [
    holed.conversation,
  ]);
  await owner.query("update sealdesk.events set previous_hash = null");
  const migration = new URL("../../../db/migrations/0041_previous-hashes.sql", import.meta.url);
  const text = await readFile(migration, "utf8");
  const [filling] = /^create policy [^]*?^drop policy [^;]*;/mu.exec(text) ?? [];
  await owner.query(`begin; set local role sealdesk_owner; ${filling!} commit`);
  expect(await keptOf(whole.conversation)).toEqual(whole.before);
  const [first, , , fourth] = holed.before;
  expect(await keptOf(holed.conversation)).toEqual([first, null, fourth]);
});
