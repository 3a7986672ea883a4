/** One log or one table that somebody spoils neither stops the delivery of other logs nor hides that sinks are late. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { AuditSinks } from "../../../audit/sinks/audit-sinks.ts";
import { logOf } from "../../../crypto/wire/ids.ts";
import { deliveredIn } from "../../support/delivered-entries.ts";
import { openAuditLog, type TestAuditLog } from "../../support/audit-log.ts";
import { entryAt, withoutTriggers } from "../../support/database-administrator.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

const LATE_MS = 2_000;
let database: TestDatabase;
let audit: TestAuditLog;
let folder: string;
let sinks: AuditSinks | undefined;
beforeEach(async () => {
  database = await createTestDatabase();
  audit = await openAuditLog(database);
  folder = await mkdtemp(join(tmpdir(), "sealdesk-sinks-"));
});
afterEach(async () => {
  await sinks?.close();
  sinks = undefined;
  await audit.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const path = () => join(folder, "audit.jsonl");
const troubles: { readonly origin: string | undefined; readonly code: unknown }[] = [];
const unknown: unknown[] = [];
async function openSinks(): Promise<AuditSinks> {
  troubles.length = 0;
  unknown.length = 0;
  sinks = await AuditSinks.open({
    sinks: [{ name: "disk", place: { kind: "file", path: path() } }],
    required: 1,
    url: database.ownerUrl,
    pool: database.pool,
    heads: new KnownHeads(audit.signer.publicKey),
    now: Date.now,
    everyMs: 10,
    lateMs: LATE_MS,
    onTrouble: (_sink, error, origin) =>
      troubles.push({ origin, code: (error as { code?: unknown }).code }),
    onUnknown: (error) => unknown.push(error),
  });
  return sinks;
}
const delivered = async () =>
  deliveredIn((await readFile(path(), "utf8").catch(() => "")).split("\n"));
const hasBegun = async () => {
  const { rowCount } = await database.owner.query("select from audit.sink_positions");
  return rowCount !== 0;
};
/** Holds a lock on a table until the function that is returned is called. */
async function lock(table: string): Promise<() => Promise<void>> {
  const holder = await database.owner.connect();
  await holder.query(`begin; lock table ${table} in access exclusive mode`);
  return async () => {
    await holder.query("rollback");
    holder.release();
  };
}

test("logs that are refused keep no other log waiting, are named, and block nothing", async () => {
  audit.startIntegrator();
  const opened = await openSinks();
  await until(hasBegun);
  const bad = [await audit.newTenant(), await audit.newTenant()];
  const good = await audit.newTenant();
  await sinks?.close();
  for (const tenant of [...bad, good]) await audit.append(tenant, 3);
  await audit.settled();
  for (const tenant of bad)
    await withoutTriggers(
      database,
      `update audit.entries set entry = '\\x00' where id = ${entryAt(tenant, 1)}`,
    );
  const again = await openSinks();
  const { name: origin } = await audit.keyOf(logOf(good));
  await until(async () =>
    (await delivered()).some(({ log, index }) => log === origin && index === 2),
  );
  const names = await Promise.all(
    bad.map(async (tenant) => (await audit.keyOf(logOf(tenant))).name),
  );
  await until(() => troubles.length >= 2);
  const code = "audit_log_altered";
  expect(new Set(troubles.map((each) => each.origin))).toEqual(new Set(names));
  expect(troubles.map((each) => each.code)).toEqual([code, code]);
  await until(async () => {
    const oldest = await database.owner.query<{ isLate: boolean }>(
      'select min(at) < clock_timestamp() - make_interval(secs => $1) as "isLate" from audit.trees',
      [(2 * LATE_MS) / 1_000],
    );
    return oldest.rows[0]?.isLate === true;
  });
  await until(() => !again.isBlocking);
  expect(again.isLate).toBe(false);
  expect(opened).not.toBe(again);
});

test("a log whose rows the database cannot read keeps no other log waiting", async () => {
  audit.startIntegrator();
  await openSinks();
  await until(hasBegun);
  await sinks?.close();
  const [bad, good] = [await audit.newTenant(), await audit.newTenant()];
  for (const tenant of [bad, good]) await audit.append(tenant);
  await audit.settled();
  await database.owner.query(
    `create policy damaged on audit.leaves as restrictive to sealdesk_app
     using (1 / (log <> '${logOf(bad)}')::int = 1)`,
  );
  await openSinks();
  const nameOf = async (tenant: typeof bad) => (await audit.keyOf(logOf(tenant))).name;
  const origin = await nameOf(good);
  await until(async () => (await delivered()).some(({ log }) => log === origin));
  await until(() => troubles.length > 0);
  expect(troubles).toEqual([{ origin: await nameOf(bad), code: "22012" }]);
});

test("sinks do not keep up while nobody can read how far they are, and that is reported", async () => {
  audit.startIntegrator();
  const opened = await openSinks();
  await until(hasBegun);
  expect(opened.isBlocking).toBe(false);
  const release = await lock("audit.sink_positions");
  await until(() => opened.isBlocking);
  await until(() => unknown.length > 0);
  expect(unknown).toHaveLength(1);
  await release();
  await until(() => !opened.isBlocking);
});

test("a node that starts while the positions cannot be read starts, and refuses acts", async () => {
  const release = await lock("audit.sink_positions");
  const opened = await openSinks();
  expect(opened.isBlocking).toBe(true);
  await release();
  await until(() => !opened.isBlocking);
});

test("an entry that has no place in a log yet waits for the sinks too", async () => {
  const tenant = await audit.newTenant();
  const opened = await openSinks();
  await until(hasBegun);
  await audit.append(tenant);
  await until(() => opened.isBlocking);
  audit.startIntegrator();
  await until(() => !opened.isBlocking);
});

test("a sink that nobody has begun to deliver to is late", async () => {
  const holder = await database.owner.connect();
  await holder.query("select pg_advisory_lock(hashtext('sealdesk.sink disk'))");
  const opened = await openSinks();
  expect(opened.isBlocking).toBe(false);
  await until(() => opened.isBlocking);
  await holder.query("select pg_advisory_unlock_all()");
  holder.release();
  await until(() => !opened.isBlocking);
});
