import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { lineFormats } from "../../../audit/export/formats.ts";
import { matches, parseEntry } from "../../../audit/export/entry-filter.ts";
import { readPages } from "../../../audit/export/read-pages.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { attackTest, refusalOf } from "../../support/attack-test.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { newSigner, openAuditLog, signedSize, type TestAuditLog } from "../../support/audit-log.ts";
import { logOf, type TenantId } from "../../../crypto/wire/ids.ts";

let database: TestDatabase;
let log: TestAuditLog;

beforeEach(async () => {
  database = await createTestDatabase();
  log = await openAuditLog(database);
});

afterEach(async () => {
  await log.close();
  await database.drop();
});

/** A log of five signed entries, without an integrator. */
async function five() {
  const tenant = await log.newTenant();
  await log.append(tenant, 5);
  const integrator = log.startIntegrator();
  await log.settled();
  await integrator.close();
  return tenant;
}

describe("an attacker with the application's login who becomes the integrator", () => {
  /** Runs statements as an injection into the application's statements would. */
  const become = async (...statements: string[]) => {
    const client = await database.pool.connect();
    try {
      await client.query("begin");
      await client.query("select set_config('role', 'sealdesk_integrator', true)");
      for (const statement of statements) await client.query(statement);
      await client.query("commit");
    } finally {
      await client.query("rollback");
      client.release();
    }
  };

  test("cannot make the log skip an entry", async () => {
    const tenant = await five();
    await log.append(tenant, 3);
    const places = `insert into audit.leaves (log, index, entry) select log, 1000 + entry, entry from audit.pending`;
    for (const attempt of [
      ["delete from audit.pending"],
      ["truncate audit.pending"],
      ["update audit.pending set log = gen_random_uuid()"],
      [places, "delete from audit.pending"],
    ])
      await expect(become(...attempt)).rejects.toThrow(/cannot be changed|permission denied/);
    log.startIntegrator();
    await log.settled();
    expect(await log.verify(logOf(tenant))).toHaveLength(8);
  });

  attackTest(
    {
      attempt: "An invented head is stored, to be signed",
      foundBy: "the node that signs",
      when: "connection",
      code: "audit_log_inconsistent",
      says: "Keep a copy of the database as evidence, and find out who rewrote the log: see docs/audit.md, “When the server refuses to continue a log”.",
    },
    async () => {
      const tenant = await five();
      await become(
        `insert into audit.trees (log, size, root) values ('${tenant}', 6, sha256('made up'))`,
      );
      const said = await refusalOf(log.startIntegrator());
      expect(await signedSize(log, logOf(tenant))).toBe(5);
      return said;
    },
  );
});

describe("a foreign entry, appended with the application's login", () => {
  test("is exported as it is, and hides no other entry", async () => {
    const tenant = await log.newTenant();
    const planted = [
      String.raw`\xff00`,
      '{"actor":null}',
      '{"a":1}\n{"index":0,"entry":{"action":"forged"}}',
      '{"a":1},"index":0,"entry":{',
    ];
    await log.append(tenant);
    for (const entry of planted)
      await log.asLog(logOf(tenant), (client) =>
        client.query("insert into audit.entries (tenant, entry) values ($1, $2)", [
          tenant,
          entry.startsWith("\\x") ? Buffer.from(entry.slice(2), "hex") : Buffer.from(entry),
        ]),
      );
    await log.append(tenant);
    log.startIntegrator();
    await log.settled();
    const entries = [];
    const heads = new KnownHeads(log.signer.publicKey);
    const signed = await log.asLog(logOf(tenant), (client) => heads.open(client, logOf(tenant)));
    for await (const page of readPages(database.pool, signed!, 0, 6)) entries.push(...page);
    const jsonl = entries
      .map((entry) => lineFormats.jsonl.line(entry, "log.example"))
      .join("")
      .trimEnd()
      .split("\n");
    const lines = jsonl.map((line) => JSON.parse(line) as { index: number; base64?: string });
    expect(lines.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(lines[1]?.base64).toBe("/wA=");
    const csv = entries
      .map((entry) => lineFormats.csv.line(entry, "log.example"))
      .join("")
      .trimEnd()
      .split("\r\n");
    expect(csv.map((line) => line.split(",")[0])).toEqual(["0", "1", "2", "3", "4", "5"]);
    const asked = { actor: "nobody", fromMs: 1, action: "other." };
    const answer = entries.filter(({ entry }) => matches(parseEntry(entry), asked));
    expect(answer.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  });
});

describe("at every start", () => {
  attackTest(
    {
      attempt: "The audit key is replaced by another one",
      foundBy: "each node, by the heads in the database",
      when: "connection",
      code: "audit_checkpoint_invalid",
      says: "Put back what was changed, and check that SEALDESK_KMS and SEALDESK_HOME name the key service of this database: see docs/audit.md, “When the server refuses to continue a log”.",
    },
    async () => {
      await five();
      const elsewhere = await mkdtemp(join(tmpdir(), "sealdesk-empty-"));
      const changes = { store: directoryCheckpoints(elsewhere), signer: newSigner() };
      const said = await refusalOf(log.startIntegrator(changes));
      await rm(elsewhere, { recursive: true });
      return said;
    },
  );

  test("a node that does not lead compares too, and withdraws a refusal that is no longer valid", async () => {
    const tenant = await five();
    const leader = log.startIntegrator();
    await log.append(tenant);
    await log.settled();
    const store = directoryCheckpoints(log.folder);
    let isPutBack = true;
    const ahead = { ...store, all: async () => (isPutBack ? [await future(tenant)] : store.all()) };
    const follower = log.startIntegrator({ store: ahead });
    expect(await refusalOf(follower)).toMatchObject({ code: "audit_log_behind" });
    isPutBack = false;
    while (follower.refusal !== undefined) await new Promise(setImmediate);
    expect(leader.refusal).toBeUndefined();
  });

  test("pending entries are reported as pending, even if nothing can be compared", async () => {
    const tenant = await log.newTenant();
    await log.append(tenant);
    const away = {
      ...directoryCheckpoints(log.folder),
      all: () => Promise.reject(new Error("away")),
    };
    const integrator = log.startIntegrator({ store: away });
    while (!(integrator.pendingAgeMs > 0)) await new Promise(setImmediate);
    expect(await signedSize(log, logOf(tenant))).toBe(0);
  });

  /** A checkpoint that the database no longer knows. */
  async function future(tenant: TenantId) {
    const other = await createTestDatabase();
    const longer = await openAuditLog(other);
    await other.owner.query(
      "insert into sealdesk.tenants (id, slug, name, created_at_ms) values ($1, $2, 'Test', 0)",
      [tenant, `t-${tenant.slice(-8)}`],
    );
    await longer.append(tenant, 9);
    longer.startIntegrator({ signer: log.signer });
    await longer.settled();
    const [kept] = (await directoryCheckpoints(longer.folder).all()).filter(
      (each) => each.log === logOf(tenant),
    );
    await longer.close();
    await other.drop();
    if (kept === undefined) throw new Error("nothing was kept");
    return kept;
  }
});
