import { findEntries, type FoundEntry } from "../../../audit/search/find-entries.ts";
import type { AuditError } from "../../../audit/audit-error.ts";
import { IndexCheck } from "../../../audit/search/index-check.ts";
import { SEGMENT_SIZE } from "../../../audit/search/segment-index.ts";
import { numberOf } from "../../../audit/search/terms.ts";
import { LogChecker } from "../../../audit/check/log-checker.ts";
import { AppendedEntries } from "../../../audit/check/appended-entries.ts";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import type { EntryFilter } from "../../../audit/export/entry-filter.ts";
import { pruneLog } from "../../../audit/prune/prune-log.ts";
import type { CheckedLog } from "../../../audit/read/checked-log.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { logOf, type LogId, type TenantId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import { asOwner } from "../../../db/as-owner.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { entryAt, withoutTriggers } from "../../support/database-administrator.ts";
import { openAuditLog, type TestAuditLog } from "../../support/audit-log.ts";
import { until } from "../../support/until.ts";
import { attackTest, type Said } from "../../support/attack-test.ts";

/** Two whole segments and a part of the third. */
const ENTRIES = 2 * SEGMENT_SIZE + 300;

let database: TestDatabase;
let audit: TestAuditLog;
let tenant: TenantId;
let log: LogId;

beforeAll(async () => {
  database = await createTestDatabase();
  audit = await openAuditLog(database);
  tenant = await audit.newTenant();
  log = logOf(tenant);
  await database.owner.query(
    `insert into audit.entries (tenant, entry)
     select $1::uuid, convert_to(case when n % 1000 = 77 then 'not an entry ' || n else
       '{"action":"' || (array['conversation.read','session.create','session.renew'])[1 + n % 3] ||
       '","actor":{"id":"' || md5('a' || n % 40)::uuid || '","kind":"user"},"class":"R","eventId":"' ||
       md5('e' || n)::uuid || '","occurredAtMs":' || 1700000000000 + n * 1000 || ',"outcome":"' ||
       case when n % 50 = 3 then 'refused' else 'success' end || '","resource":{"id":"' ||
       md5('r' || n % 900)::uuid || '","type":"conversation"},"tenant":"' || $1 || '"}' end, 'UTF8')
     from generate_series(0, $2::int - 1) n`,
    [tenant, ENTRIES],
  );
  audit.startIntegrator();
  await audit.settled();
}, 60_000);
beforeEach(async () => {
  await database.owner.query("delete from audit.index_segments");
  await database.owner.query("delete from audit.index_postings");
});
afterAll(async () => {
  await audit.close();
  await database.drop();
});

const uuidOf = (text: string) =>
  database.owner
    .query<{ id: string }>("select md5($1)::uuid as id", [text])
    .then(({ rows }) => rows[0]?.id ?? "");

const opened = <T>(work: (checked: CheckedLog, client: Client) => Promise<T>) =>
  audit.asLog(log, async (client) => {
    const checked = await new KnownHeads(audit.signer.publicKey).open(client, log);
    if (checked === undefined) throw new Error("nothing is signed");
    return work(checked, client);
  });

/** Every match, page by page, and the number of entries that were read for it. */
async function search(filter: EntryFilter, limit = 1_000) {
  const found: FoundEntry[] = [];
  let read = 0;
  for (let after: number | null = -1; after !== null;) {
    const from: number = after;
    const page = await opened((checked, client) => {
      const counted: CheckedLog = {
        ...checked,
        entriesAt(indexes) {
          read += indexes.length;
          return checked.entriesAt(indexes);
        },
      };
      return findEntries(client, counted, filter, { after: from, limit });
    });
    found.push(...page.entries);
    ({ after } = page);
  }
  return { found, read };
}

/** Reads the log through once, as a node does. @returns what was wrong in the stored index */
const buildIndex = (check = new IndexCheck()) =>
  opened(async (checked, client) => {
    const faults: AuditError[] = [];
    for (let from = checked.minimumIndex; from < ENTRIES; from += 1_024) {
      const entries = await checked.entries(from, from + 1_024);
      const fault = await check.add(client, checked, entries);
      if (fault !== undefined) faults.push(fault);
    }
    return faults;
  });

const segments = async () =>
  (
    await database.owner.query<{ segment: number }>(
      "select segment::int from audit.index_segments where log = $1 order by segment",
      [log],
    )
  ).rows.map(({ segment }) => segment);

test("a search finds the same with the index as without, and reads little else", async () => {
  const actor = await uuidOf("a7");
  const resource = await uuidOf("r123");
  const filters: EntryFilter[] = [
    {},
    { actor },
    { subject: actor },
    { resource },
    { actor, resource },
    { action: "session.create" },
    { action: "session.", outcome: "refused" },
    { outcome: "refused", actor: await uuidOf("a13") },
    { actor: "nobody" },
    { fromMs: 1_700_004_000_000, untilMs: 1_700_004_200_000 },
    { actor, fromMs: 1_700_002_000_000, untilMs: 1_700_006_000_000 },
    { untilMs: 1 },
  ];
  const before = [];
  for (const filter of filters) before.push(await search(filter));
  expect(await segments()).toEqual([]);
  await buildIndex();
  expect(await segments()).toEqual([0, 1]);
  for (const [at, filter] of filters.entries()) {
    const { found, read } = await search(filter);
    expect(found).toEqual(before[at]?.found);
    if (Object.keys(filter).every((name) => !name.endsWith("Ms")) && at > 0)
      // The last 300 entries have no index yet, and a page may read 64 entries more.
      expect(read).toBeLessThanOrEqual(found.length + 300 + 64 * Math.ceil(found.length / 1_000));
  }
  expect((await search({ untilMs: 1 })).read).toBeLessThanOrEqual(9 + 300);
  expect(before[2]?.found.length).toBeGreaterThan(100);
});

const alterations: Readonly<Record<string, (term: number) => string>> = {
  "a term": (term) => `delete from audit.index_postings where segment = 1 and term = ${term}`,
  "a place of a term": (term) =>
    `update audit.index_postings set places = substring(places from 3) where segment = 1 and term = ${term}`,
  "a time": () => "update audit.index_segments set until_ms = 0 where segment = 1",
};

attackTest.each(
  {
    attempt: "The search index is altered so that searches miss entries",
    foundBy: "each node, which builds it anew",
    when: "check",
    code: "audit_log_altered",
    says: "Searches may have missed these entries before: repeat them, and find out who changed it, see docs/audit.md, “When the log was altered”.",
  },
  alterations,
  async (alter) => {
    const actor = await uuidOf("a7");
    const filter = { actor, fromMs: 1_700_000_000_000 };
    const said: Said[] = [];
    // A check that has read the log before compares digests; a new one compares the index.
    for (const check of [new IndexCheck(), undefined]) {
      expect(await buildIndex(check)).toEqual([]);
      const before = await search(filter);
      await database.owner.query(alter(numberOf(`actor ${actor}`)));
      // This is the harm: entries are not found.
      expect((await search(filter)).found.length).toBeLessThan(before.found.length);
      const faults = await buildIndex(check);
      said.push(...faults.map(({ code, message }) => ({ code, text: message })));
      expect(await search(filter)).toEqual(before);
      expect(await buildIndex(check)).toEqual([]);
    }
    const [first, second] = said;
    expect(second).toEqual(first);
    expect(first?.text).toContain("that of the entries 4096 to 8191");
    return first ?? { code: undefined, text: "" };
  },
);

/** Adds a row of the index as the application does, which says that the segment has none of the terms. */
const plant = (segment: number) =>
  audit.asLog(log, (client) =>
    client.query(
      "insert into audit.index_segments (log, segment, from_ms, until_ms) values ($1, $2, 0, 0)",
      [log, segment],
    ),
  );

/** Checks the log as a node does, until it tells something. */
async function toldByNode(): Promise<Said> {
  const told: AuditError[] = [];
  const checker = new LogChecker({
    pool: database.pool,
    heads: new KnownHeads(audit.signer.publicKey),
    appended: new AppendedEntries(),
    outside: {
      store: directoryCheckpoints(audit.folder),
      publicKey: audit.signer.publicKey,
      approvers: [],
    },
    everyMs: 5,
    onFinding: (error) => void told.push(error as AuditError),
  });
  try {
    await until(() => told.length > 0);
    await until(() => checker.findings.length === 0);
  } finally {
    await checker.close();
  }
  return { code: told[0]?.code, text: told[0]?.message ?? "" };
}

attackTest(
  {
    attempt: "The search index is given rows for entries that it does not cover yet",
    foundBy: "each node, which removes them; searches do not use them",
    when: "check",
    code: "audit_log_altered",
    says: "Searches may have missed these entries before: repeat them, and find out who changed it, see docs/audit.md, “When the log was altered”.",
  },
  async () => {
    await buildIndex();
    const filter = { actor: await uuidOf("a7") };
    const before = await search(filter);
    expect(before.found.at(-1)?.index).toBeGreaterThanOrEqual(2 * SEGMENT_SIZE);
    await plant(2);
    await plant(7);
    expect(await search(filter)).toEqual(before);
    const said = await toldByNode();
    expect(said.text).toContain("the entries from 8192 on");
    expect(await segments()).toEqual([0, 1]);
    return said;
  },
);

test("a segment is not put together from entries of two logs, or from what is left of it", async () => {
  const elsewhere = logOf(await audit.newTenant());
  for (const from of [elsewhere, log]) {
    const check = new IndexCheck();
    await opened(async (checked, client) => {
      const entries = await checked.entries(0, SEGMENT_SIZE);
      await check.add(client, { ...checked, log: from }, entries.slice(0, 256));
      await check.add(client, checked, entries.slice(from === log ? 512 : 256));
    });
    expect(await segments()).toEqual([]);
  }
});

test("entries of a segment that is not whole are not parsed, however often the log is read", async () => {
  const parsed: number[] = [];
  await opened(async (checked, client) => {
    const entries = await checked.entries(SEGMENT_SIZE, ENTRIES);
    const watched = entries.map(({ index, entry }) => ({
      index,
      get entry() {
        parsed.push(index);
        return entry;
      },
    }));
    await new IndexCheck().add(client, checked, watched);
  });
  expect(parsed).toHaveLength(SEGMENT_SIZE);
  expect(Math.max(...parsed)).toBe(2 * SEGMENT_SIZE - 1);
});

test("the check of the logs builds the index, and tells that it was altered", async () => {
  const told: unknown[] = [];
  const checker = new LogChecker({
    pool: database.pool,
    heads: new KnownHeads(audit.signer.publicKey),
    appended: new AppendedEntries(),
    outside: {
      store: directoryCheckpoints(audit.folder),
      publicKey: audit.signer.publicKey,
      approvers: [],
    },
    everyMs: 5,
    onFinding: (error) => told.push(error),
  });
  try {
    await until(async () => (await segments()).length === 2);
    await database.owner.query("update audit.index_segments set until_ms = 0 where segment = 0");
    await until(() => told.length > 0);
    expect(told).toEqual([expect.objectContaining({ code: "audit_log_altered" })]);
    await until(() => checker.findings.length === 0);
    // Only the tenant's audit log is searched.
    const { rows } = await database.owner.query("select distinct log from audit.index_segments");
    expect(rows).toEqual([{ log }]);
    const elsewhere = logOf(await audit.newTenant());
    for (const table of ["index_segments", "index_postings"]) {
      const counted = (of: LogId) =>
        audit.asLog(of, (client) => client.query(`select from audit.${table}`));
      expect((await counted(log)).rowCount).toBeGreaterThan(0);
      expect((await counted(elsewhere)).rowCount).toBe(0);
    }
  } finally {
    await checker.close();
  }
});

test("pruning removes the index of what is pruned, and the search goes on", async () => {
  await buildIndex();
  const actor = await uuidOf("a7");
  const before = await search({ actor });
  const minimumIndex = 256;
  await asOwner(database.ownerUrl, log, (client) =>
    pruneLog(client, log, { minimumIndex, events: [] }),
  );
  expect(await segments()).toEqual([1]);
  await buildIndex();
  expect(await segments()).toEqual([1]);
  expect((await search({ actor })).found).toEqual(
    before.found.filter(({ index }) => index >= minimumIndex),
  );
  // No search uses a row for what is left of a segment, and the check removes it.
  const left = await search({ actor });
  await plant(0);
  expect(await search({ actor })).toEqual(left);
  await opened((checked, client) => new IndexCheck().end(client, checked));
  expect(await segments()).toEqual([1]);
});

test("an entry that is gone is told when the index names it", async () => {
  await buildIndex();
  const [gone, other] = [await uuidOf("r700"), await uuidOf("r701")];
  const before = await search({ resource: other });
  expect((await search({ resource: gone })).found.map(({ index }) => index)).toContain(5_200);
  await withoutTriggers(database, `delete from audit.entries where id = ${entryAt(tenant, 5_200)}`);
  await expect(search({ resource: gone })).rejects.toMatchObject({
    code: "audit_log_altered",
    message: expect.stringContaining("Entry 5200 was removed."),
  });
  // The log does not end there for other searches.
  expect(await search({ resource: other })).toEqual(before);
});
