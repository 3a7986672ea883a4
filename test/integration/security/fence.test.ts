import pg from "pg";
import { assertTenantFence } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("sessions that came without the application's role are not worked on", async () => {
  const unfenced = new pg.Pool({ connectionString: database.ownerUrl });
  await expect(assertTenantFence(unfenced)).rejects.toMatchObject({ code: "not_fenced" });
  await unfenced.end();
  await expect(assertTenantFence(database.pool)).resolves.toBeUndefined();
});

test("a partition is no way around the fence of its table", async () => {
  const { rows } = await database.owner.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
     where inhparent in ('sealdesk.events'::regclass, 'sealdesk.packets'::regclass)`,
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { name } of rows)
    await expect(
      inTransaction(database.pool, idOf("00000000-0000-7000-8000-000000000001"), (client) =>
        client.query(`select from ${name}`),
      ),
    ).rejects.toThrow(/permission denied/);
});

test("every table that has a tenant is fenced to it", async () => {
  const { rows } = await database.owner.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant'
     where c.relnamespace in ('sealdesk'::regnamespace, 'audit'::regnamespace)
       and c.relkind in ('r', 'p') and not c.relispartition
       and not (c.relrowsecurity and exists (
         select from pg_policy p where p.polrelid = c.oid and pg_get_expr(p.polqual, p.polrelid)
           like '%tenant = sealdesk.current_tenant()%'))`,
  );
  expect(rows).toEqual([]);
});
