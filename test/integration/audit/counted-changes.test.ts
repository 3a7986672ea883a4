import { ChangedRows, type RowCounts } from "../../../audit/check/changed-rows.ts";
import { declareRemovals, pruneLog } from "../../../audit/prune/prune-log.ts";
import { logOf } from "../../../crypto/wire/ids.ts";
import { asOwner } from "../../../db/as-owner.ts";
import { openAuditLog } from "../../support/audit-log.ts";
import { attackTest, saidBy } from "../../support/attack-test.ts";
import { entryAt, withoutTriggers } from "../../support/database-administrator.ts";
import { createTestDatabase } from "../../support/database.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeEach(async () => {
  // The entries are not read again, as in a log of millions.
  server = await startTestServer({}, { checkEveryMs: 3_600_000, changesEveryMs: 20 });
  const sizes = () =>
    server.database.owner.query("select from audit.checkpoints where log = $1", [server.tenant.id]);
  await until(async () => (await sizes()).rowCount !== 0);
});
afterEach(() => server.close());

const first = () => entryAt(server.tenant.id, 0);

attackTest.each(
  {
    attempt: "A signed entry is altered or removed in a log that takes long to check",
    foundBy: "each node, by PostgreSQL's counts of changed rows",
    when: "counted",
    code: "audit_log_altered",
    says: "The next whole check says which entry was altered, if one still is.",
  },
  {
    altered: () => [`update audit.entries set entry = '\\x00' where id = ${first()}`],
    removed: () => [`delete from audit.entries where id = ${first()}`],
    "removed with its place": () => [
      `delete from audit.entries where id = ${first()}`,
      `delete from audit.leaves where log = '${server.tenant.id}' and index = 0`,
    ],
    "the counts are set to 0 afterwards": () => [
      `update audit.entries set entry = '\\x00' where id = ${first()}`,
      "select pg_stat_reset_single_table_counters('audit.entries'::regclass)",
    ],
  },
  (statements) =>
    saidBy(server, "audit_log_altered", () => withoutTriggers(server.database, ...statements())),
);

const deletedIn = ({ tables }: RowCounts) => tables.reduce((sum, { deleted }) => sum + deleted, 0);

test("pruning is no change, even if it is tried twice, and a change counts until a whole check is accepted", async () => {
  const database = await createTestDatabase();
  const audit = await openAuditLog(database);
  const tenant = await audit.newTenant();
  const log = logOf(tenant);
  await audit.append(tenant, 600);
  audit.startIntegrator();
  await audit.settled();
  const changed = new ChangedRows();
  const { pool } = database;
  await changed.assertNone(pool);
  const prune = async (removals: number, fail?: Error) => {
    const as = <T>(work: Parameters<typeof asOwner<T>>[2]) =>
      asOwner(database.ownerUrl, tenant, work);
    await as((client) => declareRemovals(client, log, { removals }));
    await as(async (client) => {
      await pruneLog(client, log, { minimumIndex: 256, events: [] });
      if (fail !== undefined) throw fail;
    });
    // PostgreSQL counts a moment later.
    await until(async () => deletedIn(await changed.read(pool)) >= removals);
  };
  const killed = new Error("the command was killed");
  const looks = async () => {
    // A finding takes two.
    await changed.assertNone(pool);
    await changed.assertNone(pool);
  };
  await prune(256, killed).catch((error: unknown) => expect(error).toBe(killed));
  await until(async () => deletedIn(await changed.read(pool)) >= 256);
  await looks();
  await prune(512);
  await looks();
  await withoutTriggers(database, `delete from audit.entries where id = ${entryAt(tenant, 300)}`);
  await until(async () => deletedIn(await changed.read(pool)) >= 513);
  const altered = { code: "audit_log_altered" };
  // A prune may end during the first look.
  await changed.assertNone(pool);
  await expect(changed.assertNone(pool)).rejects.toMatchObject(altered);
  await expect(changed.assertNone(pool)).rejects.toMatchObject(altered);
  changed.accept(await changed.read(pool));
  await changed.assertNone(pool);
  await audit.close();
  await database.drop();
});

/** Counts of a database whose PostgreSQL says what the test tells it to. */
class ToldCounts extends ChangedRows {
  counts: RowCounts = {
    startedAt: "1",
    resetAt: null,
    tables: [{ relid: 1, updated: 0, deleted: 5 }],
    removals: 5,
  };
  override read() {
    return Promise.resolve(this.counts);
  }
}

test.each([
  { what: "counts that become smaller", table: { relid: 1, updated: 0, deleted: 4 } },
  { what: "a table that was made anew", table: { relid: 2, updated: 0, deleted: 5 } },
])("$what count as a change", async ({ table }) => {
  const told = new ToldCounts();
  await told.assertNone(server.database.pool);
  told.counts = { ...told.counts, tables: [table] };
  const look = told.assertNone(server.database.pool);
  await expect(look).rejects.toMatchObject({ code: "audit_log_altered" });
});
