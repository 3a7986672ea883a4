/**
 * One log or one table that somebody spoils neither stops the delivery of other logs nor hides that sinks are late. What
 * stands beside the logs and is changed is found: how far a sink was given them, and counts of repeated acts.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendRefusal } from "../../../audit/append-refusal.ts";
import type { AuditError } from "../../../audit/audit-error.ts";
import { RepeatedCounts, watchRepeated } from "../../../audit/repeated-counts.ts";
import { writeSumsPeriodically } from "../../../audit/write-sums.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { AuditSinks } from "../../../audit/sinks/audit-sinks.ts";
import { logOf } from "../../../crypto/wire/ids.ts";
import { attackTest } from "../../support/attack-test.ts";
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
const findings: AuditError[] = [];
async function openSinks(): Promise<AuditSinks> {
  troubles.length = 0;
  unknown.length = 0;
  findings.length = 0;
  sinks = await AuditSinks.open({
    sinks: [{ name: "disk", place: { kind: "file", path: path() } }],
    required: 1,
    url: database.ownerUrl,
    pool: database.pool,
    heads: new KnownHeads(audit.signer.publicKey),
    now: Date.now,
    everyMs: 10,
    lateMs: LATE_MS,
    compareEveryMs: 20,
    onFinding: (error) => findings.push(error),
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
const fail = (error: unknown) => {
  throw error;
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

attackTest(
  {
    attempt:
      "The position of a sink is moved ahead or removed, so that the sink is given fewer entries",
    foundBy: "the node that delivers to the sink, which gives it what it missed",
    when: "state",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  async () => {
    audit.startIntegrator();
    const opened = await openSinks();
    await until(hasBegun);
    const tenant = await audit.newTenant();
    await audit.append(tenant, 3);
    await audit.settled();
    const { name: origin } = await audit.keyOf(logOf(tenant));
    const has = async (last: number) =>
      (await delivered()).some(({ log, index }) => log === origin && index === last);
    await until(() => has(2));
    await database.owner.query(
      "update audit.sink_positions set next = next + 1000 where log = $1",
      [tenant],
    );
    await audit.append(tenant);
    await audit.settled();
    await until(() => has(3));
    await until(() => opened.findings.length > 0);
    findings.length = 0;
    await database.owner.query("delete from audit.sink_positions where log = $1", [tenant]);
    await until(() => findings.length > 0);
    // A row of a log that begins later: the sink would be given nothing of it.
    const later = await audit.newTenant();
    await database.owner.query(
      "insert into audit.sink_positions (sink, log, next) values ($1, $2, 1000)",
      ["disk", later],
    );
    await audit.append(later, 3);
    await audit.settled();
    const { name: begun } = await audit.keyOf(logOf(later));
    await until(async () =>
      (await delivered()).some(({ log, index }) => log === begun && index === 0),
    );
    return { code: findings[0]?.code, text: findings[0]?.message ?? "" };
  },
);

attackTest(
  {
    attempt: "A count of repeated acts is removed or lowered, so that no entry tells of them",
    foundBy: "the node that counted them, if it runs that long",
    when: "sums",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  async () => {
    findings.length = 0;
    const { pool } = database;
    watchRepeated(pool, new RepeatedCounts((error) => findings.push(error)));
    const tenant = await audit.newTenant();
    const repeat = async (action: "session.authenticate" | "policy.explain") => {
      for (let at = 0; at < 12; at++)
        await appendRefusal(pool, {
          tenant,
          occurredAtMs: Date.now(),
          actor: { kind: "system", id: "somebody" },
          action,
          resource: { type: action === "policy.explain" ? "policy" : "session", id: tenant },
          outcome: "refused",
          reason: "forbidden",
        });
    };
    await repeat("session.authenticate");
    await repeat("policy.explain");
    const now = Date.now;
    // Nothing was changed, and a count whose hour is over becomes an entry.
    for (const each of [now, () => now() + 3_600_001]) {
      const stop = writeSumsPeriodically({ pool, now: each }, fail);
      await stop();
    }
    expect(findings).toEqual([]);
    await repeat("session.authenticate");
    await repeat("policy.explain");
    await database.owner.query(
      "delete from audit.repeats where tenant = $1 and action = 'policy.explain'",
      [tenant],
    );
    await database.owner.query("update audit.repeats set seen = 2 where tenant = $1", [tenant]);
    const stop = writeSumsPeriodically({ pool, now }, fail);
    await until(() => findings.length === 2);
    await stop();
    const ofExplaining = findings.filter(({ message }) => message.includes("policy.explain"));
    expect(ofExplaining).toHaveLength(1);
    return { code: findings[0]?.code, text: findings[0]?.message ?? "" };
  },
);
