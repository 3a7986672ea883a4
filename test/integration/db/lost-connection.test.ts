import type { Client } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { asOwner } from "../../../db/as-owner.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";

const tenant = idOf<TenantId>("00000000-0000-7000-8000-000000000001");

describe("a connection to the database is lost", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const terminate = (pid: number) =>
    database.owner.query("select pg_terminate_backend($1, 5000)", [pid]);

  /** A statement, and another one after the connection was cut. */
  async function statementsAroundTheCut(client: Client): Promise<void> {
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    const ended = new Promise<void>((resolve) => client.once("end", resolve));
    await terminate(rows[0]!.pid);
    await ended;
    await client.query("select 1");
  }

  test("between two statements of a transaction: it fails, the process and the pool go on", async () => {
    await expect(inTransaction(database.pool, tenant, statementsAroundTheCut)).rejects.toThrow();
    const next = await inTransaction(database.pool, tenant, (client) => client.query("select 1"));
    expect(next.rowCount).toBe(1);
  });

  test("between two statements of an operator's command: it fails, the process goes on", async () => {
    await expect(asOwner(database.ownerUrl, tenant, statementsAroundTheCut)).rejects.toThrow();
  });

  test("during a statement: it fails, the process and the pool go on", async () => {
    const lost = inTransaction(database.pool, tenant, async (client) => {
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      const statement = client.query("select pg_sleep(30)");
      await Promise.all([terminate(rows[0]!.pid), statement]);
    });
    await expect(lost).rejects.toMatchObject({ code: "57P01" });

    const next = await inTransaction(database.pool, tenant, (client) => client.query("select 1"));
    expect(next.rowCount).toBe(1);
  });
});
