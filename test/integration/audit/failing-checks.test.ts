import { until } from "../../support/until.ts";
import { attackTest, saidBy } from "../../support/attack-test.ts";
import { entryAt, withoutTriggers } from "../../support/database-administrator.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

let server: TestServer;
let first: TestTenant;
let last: TestTenant;
beforeAll(async () => {
  server = await startTestServer(
    { metrics: { host: "127.0.0.1", port: 0 } },
    { checkEveryMs: 20, guardsEveryMs: 100, stateEveryMs: 20, failingCheckMs: 200 },
  );
  const others = [await server.createTenant(), await server.createTenant()];
  await until(async () => (await sql("select from audit.pending")).rowCount === 0);
  // In the order in which they are checked.
  const { rows } = await sql<{ id: string }>("select id from audit.logs");
  const places = new Map(rows.map(({ id }, at) => [id, at]));
  const ordered = [server.tenant, ...others].toSorted(
    (one, other) => (places.get(one.id) ?? 0) - (places.get(other.id) ?? 0),
  );
  [first, last] = [ordered[0]!, ordered[2]!];
});
afterAll(() => server.close());

const sql = <Row extends object>(text: string) => server.database.owner.query<Row>(text);
const warnings = async () => (await fetch(`${server.url}/readyz`)).text();
const isWhole = async () => (await warnings()) === '{"status":"ok"}';
const unchecked = async () => /^sealdesk_audit_unchecked (\d+)$/m.exec(await server.scrape())?.[1];

/** Alters the first entry of a log, and puts it back when the change was found. */
async function alterUntilFound({ id }: TestTenant): Promise<void> {
  const entry = entryAt(id, 0);
  const { rows } = await sql<{ entry: Buffer }>(
    `select entry from audit.entries where id = ${entry}`,
  );
  const put = (hex: string) =>
    withoutTriggers(
      server.database,
      `update audit.entries set entry = decode('${hex}', 'hex') where id = ${entry}`,
    );
  await put("00");
  await until(async () => (await warnings()).includes("audit_log_altered"));
  await put(rows[0]?.entry.toString("hex") ?? "");
  await until(async () => !(await warnings()).includes("audit_log_altered"));
}

/** A policy that lets every statement fail that reads rows of this tenant. */
const failing = (table: string, column: string, tenant: string) => `
  create policy meddle on ${table} as restrictive for select to sealdesk_app
    using (1 / (case when ${column} = '${tenant}' then 0 else 1 end) = 1)`;

attackTest(
  {
    attempt: "The rows of a log are made unreadable, so that the logs behind it are not checked",
    foundBy: "each node, which checks the other logs",
    when: "failing",
    code: "audit_log_unchecked",
    says: "Find out what keeps the rows from being read: see docs/audit.md, “When a log cannot be checked”.",
  },
  async () => {
    await until(isWhole);
    const said = await saidBy(server, "audit_log_unchecked", () =>
      sql(failing("audit.leaves", "log", first.id)),
    );
    await alterUntilFound(last);
    expect(Number(await unchecked())).toBeGreaterThan(0);
    await sql("drop policy meddle on audit.leaves");
    await until(isWhole);
    expect(await unchecked()).toBe("0");
    expect(said.text).toContain(`/audit/t/${first.slug}`);
    return said;
  },
);

attackTest(
  {
    attempt: "A lock on the search index is held, so that the logs are not checked",
    foundBy: "each node, which checks the logs",
    when: "failing",
    code: "audit_log_unchecked",
    says: "Find out what keeps the rows from being read: see docs/audit.md, “When a log cannot be checked”.",
  },
  async () => {
    await until(isWhole);
    const holder = await server.database.owner.connect();
    const said = await saidBy(server, "audit_log_unchecked", () =>
      holder.query("begin; lock table audit.index_segments in access exclusive mode"),
    );
    await alterUntilFound(last);
    await holder.query("rollback");
    holder.release();
    await until(isWhole);
    return said;
  },
);

test("a tenant that cannot be compared does not keep the others from it", async () => {
  await until(isWhole);
  await server.createStaff("agent", first);
  const staff = await server.createStaff("agent", last);
  await sql(failing("sealdesk.users", "tenant", first.id));
  await until(async () => (await warnings()).includes("audit_log_unchecked"));
  await sql(`update sealdesk.users set role = 'admin' where id = '${staff.id}'`);
  await until(async () => (await warnings()).includes("audit_state_differs"));
  await sql(`update sealdesk.users set role = 'agent' where id = '${staff.id}'`);
  await sql("drop policy meddle on sealdesk.users");
  await until(isWhole);
});

test("a log that grows without signatures, so that nothing is compared with it, is told", async () => {
  await until(isWhole);
  const holder = await server.database.owner.connect();
  // The node's session loses the lock, and nobody signs.
  await holder.query(`select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and classid = 1 and objid = 3030404715`);
  await until(async () => {
    const { rows } = await holder.query<{ taken: boolean }>(
      "select pg_try_advisory_lock(7325372011) as taken",
    );
    return rows[0]?.taken === true;
  });
  await sql(`insert into audit.entries (tenant, entry)
    select '${first.id}', 'x' from generate_series(1, 16385)`);
  await until(async () => (await warnings()).includes("audit_log_unchecked"));
  expect(server.logged()).toContain("too many entries wait for a signature");
  await holder.query("select pg_advisory_unlock(7325372011)");
  holder.release();
  await until(isWhole);
}, 120_000);
