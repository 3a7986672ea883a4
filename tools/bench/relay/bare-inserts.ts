import { randomBytes, randomUUID } from "node:crypto";
import pg from "pg";
import { byteaArray, int8Array, uuidArray } from "../../../db/binary-arrays.ts";
import { round } from "../statistics.ts";
import { BODY_BYTES } from "../load/party.ts";

const BATCH = 200;
const CONNECTIONS = 2;

/**
 * Rows a second of the plainest durable batch: three columns, one unique key, `unnest` over binary
 * arrays, two connections, no decisions. This is the most that PostgreSQL takes here.
 */
export async function bareInserts(ownerUrl: string, seconds: number): Promise<number> {
  const clients = Array.from(
    { length: CONNECTIONS },
    () => new pg.Client({ connectionString: ownerUrl }),
  );
  await Promise.all(clients.map((client) => client.connect()));
  const [first] = clients;
  await first?.query(
    `create schema if not exists bench;
     create table if not exists bench.plain (conversation uuid, seq bigint, body bytea, primary key (conversation, seq));
     alter table bench.plain alter column body set storage external;`,
  );
  const bodies = Array.from({ length: BATCH }, () => randomBytes(BODY_BYTES));
  const untilMs = performance.now() + seconds * 1000;
  let rows = 0;
  await Promise.all(
    clients.map(async (client) => {
      const conversations = Array.from({ length: BATCH }, () => randomUUID());
      for (let seq = 1; performance.now() < untilMs; seq++) {
        await client.query({
          name: "bare-insert",
          text: "insert into bench.plain select * from unnest($1::uuid[], $2::int8[], $3::bytea[])",
          values: [
            uuidArray(conversations),
            int8Array(conversations.map(() => seq)),
            byteaArray(bodies),
          ],
        });
        rows += BATCH;
      }
    }),
  );
  await first?.query("drop schema bench cascade");
  await Promise.all(clients.map((client) => client.end()));
  return round(rows / seconds);
}
