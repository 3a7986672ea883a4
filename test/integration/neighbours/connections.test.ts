import { createPool, type Pool } from "../../../db/pool.ts";
import { runFor } from "../../../db/fairness/requester.ts";
import { batchRead } from "../../../db/batch-read.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";

let database: TestDatabase;
let pool: Pool;
let hostile: TenantId;
let other: TenantId;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool(database.ownerUrl);
  [hostile, other] = [await arrangeTenant(database), await arrangeTenant(database)];
});
/** What ends the transactions that a test holds open, also if it fails. */
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** Transactions that hold their connections until they are told to end. */
function held(tenant: TenantId, account: string, count: number) {
  let end: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => ends.push((end = resolve)));
  let begun = 0;
  const all = Array.from({ length: count }, () =>
    runFor({ tenant, account }, () =>
      inTransaction(pool, tenant, async () => {
        begun++;
        await ending;
      }),
    ),
  );
  for (const each of all) each.catch(() => undefined);
  return {
    begun: () => begun,
    async end() {
      end();
      await Promise.all(all);
    },
  };
}

const tenantSeen = (tenant: TenantId, account: string) =>
  runFor({ tenant, account }, () =>
    inTransaction(pool, tenant, async (client) => {
      const { rows } = await client.query<{ tenant: string | null }>(
        "select sealdesk.current_tenant() as tenant",
      );
      return rows[0]?.tenant;
    }),
  );

test("transactions of one account leave connections to its tenant and to others", async () => {
  const flood = held(hostile, "greedy", 60);
  await until(() => flood.begun() > 0);
  expect(await tenantSeen(other, "x")).toBe(other);
  expect(await tenantSeen(hostile, "modest")).toBe(hostile);
  await inTransaction(pool, other, (client) => client.query("select 1"));
  await pool.query("select 1");
  expect(flood.begun()).toBeLessThan(10);
  await flood.end();
  expect(flood.begun()).toBe(60);
});

test("transactions of one tenant leave connections to others, who wait in no queue", async () => {
  const flood = Array.from({ length: 30 }, (_, index) => held(hostile, `account ${index}`, 5));
  await until(() => flood.some(({ begun }) => begun() > 0));
  for (let index = 0; index < 20; index++) expect(await tenantSeen(other, "x")).toBe(other);
  await Promise.all(flood.map((each) => each.end()));
});

test("batched reads of one tenant do not delay those of another", async () => {
  let end: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => ends.push((end = resolve)));
  const flood = Array.from({ length: 1_000 }, (_, index) =>
    runFor({ tenant: hostile, account: `${index}` }, () => batchRead(pool, hostile, () => ending)),
  );
  const read = () => batchRead(pool, other, (client) => client.query("select 1"));
  await runFor({ tenant: other, account: "x" }, read);
  end();
  await Promise.all(flood);
});
