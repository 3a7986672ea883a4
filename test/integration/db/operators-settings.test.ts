import { createPool, type Pool } from "../../../db/pool.ts";
import { asOwner } from "../../../db/as-owner.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { Client } from "../../../db/client.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

const tenant = idOf<TenantId>("00000000-0000-7000-8000-000000000001");

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  const name = new URL(database.ownerUrl).pathname.slice(1);
  await database.owner.query(`
    create table sealdesk.counted as select 0 as times;
    grant select, update on sealdesk.counted to sealdesk_app, sealdesk_owner;
    alter database ${name} set default_transaction_isolation = serializable;
    alter database ${name} set idle_session_timeout = '20min'`);
  pool = createPool(database.ownerUrl);
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

/** Counts in two transactions, of which the second waits for the row that the first one holds. */
async function countTwice(transact: (work: (client: Client) => Promise<void>) => Promise<void>) {
  const count = (client: Client) => client.query("update sealdesk.counted set times = times + 1");
  let waiting: Promise<void> | undefined;
  await transact(async (client) => {
    await count(client);
    const begun = new Promise<void>((resolve) => {
      waiting = transact(async (other) => {
        // A stricter transaction sees the database as of its first statement.
        await other.query("select times from sealdesk.counted");
        resolve();
        await count(other);
      });
    });
    await begun;
  });
  await waiting;
}

test("two at once both count, although the database's own level is serializable", async () => {
  await countTwice((work) => inTransaction(pool, tenant, work));
  await countTwice((work) => asOwner(database.ownerUrl, tenant, work));
  expect((await pool.query<object>("select times from sealdesk.counted")).rows).toEqual([
    { times: 4 },
  ]);
});

test("the server's sessions are not ended for being idle", async () => {
  expect((await pool.query<object>("show idle_session_timeout")).rows).toEqual([
    { idle_session_timeout: "0" },
  ]);
});
