import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attackTest, refusalOf } from "../../support/attack-test.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  newSigner,
  openAuditLog,
  OPERATOR_LOG,
  signedSize,
  type TestAuditLog,
} from "../../support/audit-log.ts";
import { until } from "../../support/until.ts";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { parseCheckpointText } from "../../../audit/verify/checkpoint.ts";
import { parseNote } from "../../../audit/verify/note.ts";
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

describe("integration", () => {
  test("gives each tenant a log of its own, and the operator one of their checkpoints", async () => {
    const [one, two] = [await log.newTenant(), await log.newTenant()];
    await log.append(one, 300);
    await log.append(two, 3);
    log.startIntegrator();
    await log.settled();
    await log.append(one, 2);
    await log.settled();
    const entries = (await log.verify(logOf(one))).map(
      (text) => JSON.parse(text) as { tenant: string },
    );
    expect(entries).toHaveLength(302);
    expect(new Set(entries.map(({ tenant }) => tenant))).toEqual(new Set([one]));
    expect(await log.verify(logOf(two))).toHaveLength(3);
    const checkpoints = (await log.verify(OPERATOR_LOG)).map((note) =>
      parseCheckpointText(parseNote(note).text),
    );
    const names = [(await log.keyOf(logOf(one))).name, (await log.keyOf(logOf(two))).name];
    expect(new Set(checkpoints.map(({ origin }) => origin))).toEqual(new Set(names));
    expect(checkpoints.at(-1)).toMatchObject({ origin: names[0], size: 302 });
    expect(log.errors).toEqual([]);
  });

  test("shows a tenant nothing of another's log", async () => {
    const [one, two] = [await log.newTenant(), await log.newTenant()];
    await log.append(one, 3);
    log.startIntegrator();
    await log.settled();
    for (const table of ["logs", "leaves", "tiles", "trees", "checkpoints"]) {
      const count = (tenant: TenantId) =>
        log.asLog(
          logOf(tenant),
          async (client) => (await client.query(`select from audit.${table}`)).rowCount,
        );
      expect([table, await count(one)]).not.toEqual([table, 0]);
      expect([table, await count(two)]).toEqual([table, 0]);
    }
  });

  test("waits for late commits, and loses no entry that was passed over", async () => {
    const tenant = await log.newTenant();
    const late = await database.pool.connect();
    await late.query("begin");
    await late.query("select set_config('sealdesk.tenant', $1, true)", [tenant]);
    await late.query("insert into audit.entries (tenant, entry) values ($1, 'late')", [tenant]);
    await log.append(tenant, 5);
    log.startIntegrator();
    await log.settled();
    expect(await signedSize(log, logOf(tenant))).toBe(5);
    await late.query("commit");
    late.release();
    await log.settled();
    expect((await log.verify(logOf(tenant))).at(-1)).toBe("late");
  });

  test("continues while the signer is unavailable, and signs when it is back", async () => {
    const tenant = await log.newTenant();
    const real = log.signer;
    let away = true;
    let asked = 0;
    const integrator = log.startIntegrator({
      signer: {
        publicKey: real.publicKey,
        sign(bytes) {
          asked++;
          return away ? Promise.reject(new Error("away")) : real.sign(bytes);
        },
      },
    });
    await log.append(tenant, 3);
    // Between two attempts, the integrator has looked for pending entries again.
    await until(() => asked >= 3);
    expect(integrator.pendingAgeMs).toBeGreaterThan(0);
    const { rows } = await database.owner.query("select from audit.leaves");
    expect(rows).toHaveLength(3);
    expect(await signedSize(log, logOf(tenant))).toBe(0);
    away = false;
    await log.settled();
    while (integrator.pendingAgeMs > 0) await new Promise(setImmediate);
    expect(await log.verify(logOf(tenant))).toHaveLength(3);
  });

  test("reports one kind of failure once, although each message names another file", async () => {
    await log.append(await log.newTenant());
    const store = directoryCheckpoints(log.folder);
    let attempts = 0;
    log.startIntegrator({
      store: {
        ...store,
        // As Node says it of a temporary file on a read-only file system.
        put() {
          const error = new Error(`EROFS: read-only file system, open '/audit/.${attempts++}'`);
          return Promise.reject(Object.assign(error, { code: "EROFS" }));
        },
      },
    });
    await until(() => attempts >= 5);
    expect(log.errors).toEqual([expect.objectContaining({ code: "EROFS" })]);
  });

  test("signs the same root after a crash between commit and signature", async () => {
    const tenant = await log.newTenant();
    await log.append(tenant, 3);
    const stopped = log.startIntegrator({
      signer: { ...log.signer, sign: () => Promise.reject(new Error("crash")) },
    });
    while (log.errors.length === 0) await new Promise(setImmediate);
    await stopped.close();
    const { rows } = await database.owner.query("select root from audit.trees");
    log.startIntegrator();
    await log.settled();
    const note = await readFile(join(log.folder, tenant), "utf8");
    const { size, root } = parseCheckpointText(parseNote(note).text);
    expect([size, Buffer.from(root)]).toEqual([3, rows[0].root]);
  });
});

describe("the checkpoint kept outside", () => {
  /** A log of five entries, with the integrator stopped. */
  async function five() {
    const tenant = await log.newTenant();
    await log.append(tenant, 5);
    const integrator = log.startIntegrator();
    await log.settled();
    await integrator.close();
    return { tenant, path: join(log.folder, tenant) };
  }
  const alter = (...statements: string[]) =>
    database.owner.query(
      `set session_replication_role = replica;
       ${["leaves", "trees", "tiles", "checkpoints", "logs"].map((table) => `alter table audit.${table} disable trigger user;`).join("")}
       ${statements.join(";")};
       set session_replication_role = default`,
    );

  attackTest(
    {
      attempt: "A database is put back while all nodes are stopped",
      foundBy: "each node, by the checkpoints kept outside",
      when: "connection",
      code: "audit_log_behind",
      says: "If you restored a backup, declare it: see docs/restore.md. Otherwise, find out who put the database back.",
    },
    async () => {
      const { tenant, path } = await five();
      const before = await readFile(path, "utf8");
      await alter(
        `delete from audit.checkpoints`,
        `delete from audit.trees`,
        `delete from audit.tiles`,
        `delete from audit.leaves`,
      );
      const integrator = log.startIntegrator();
      const said = await refusalOf(integrator);
      await log.append(tenant, 10);
      await integrator.close();
      expect(await readFile(path, "utf8")).toBe(before);
      expect(log.errors).toHaveLength(1);
      return said;
    },
  );

  attackTest(
    {
      attempt: "The hash tree is rewritten while all nodes are stopped",
      foundBy: "each node, by the checkpoints kept outside",
      when: "connection",
      code: "audit_log_inconsistent",
      says: "Keep a copy of the database as evidence, and find out who rewrote the log: see docs/audit.md, “When the server refuses to continue a log”.",
    },
    async () => {
      await five();
      await alter(
        `update audit.tiles set hashes = sha256('x') || substring(hashes from 33) where level = 0`,
      );
      return refusalOf(log.startIntegrator());
    },
  );

  attackTest(
    {
      attempt: "A checkpoint outside is damaged, or signed by another key",
      foundBy: "each node",
      when: "connection",
      code: "audit_checkpoint_invalid",
      says: "Put back what was changed, and check that SEALDESK_KMS and SEALDESK_HOME name the key service of this database: see docs/audit.md, “When the server refuses to continue a log”.",
    },
    async () => {
      const { path } = await five();
      const said = await refusalOf(log.startIntegrator({ signer: newSigner() }));
      await writeFile(path, "nonsense");
      expect(await refusalOf(log.startIntegrator())).toMatchObject({ code: said.code });
      return said;
    },
  );

  attackTest(
    {
      attempt: "A log is renamed while nodes run",
      foundBy: "the node that signs",
      when: "signature",
      code: "audit_checkpoint_invalid",
      says: "Put back what was changed, and check that SEALDESK_KMS and SEALDESK_HOME name the key service of this database: see docs/audit.md, “When the server refuses to continue a log”.",
    },
    async () => {
      const { tenant, path } = await five();
      const integrator = log.startIntegrator();
      // The node leads, and has written nothing to the log that is renamed.
      await log.append(await log.newTenant());
      await log.settled();
      const before = await readFile(path, "utf8");
      const rename = (to: string) =>
        alter(`update audit.logs set origin = '${to}' where id = '${tenant}'`);
      await rename("audit.example/audit/t/another");
      await log.append(tenant);
      const said = await refusalOf(integrator);
      expect(await readFile(path, "utf8")).toBe(before);
      await rename(before.split("\n")[0] ?? "");
      await log.settled();
      expect(await log.verify(logOf(tenant))).toHaveLength(6);
      return said;
    },
  );

  attackTest(
    {
      attempt: "The hash tree is rewritten while nodes run",
      foundBy: "the node that signs",
      when: "signature",
      code: "audit_log_inconsistent",
      says: "Keep a copy of the database as evidence, and find out who rewrote the log: see docs/audit.md, “When the server refuses to continue a log”.",
    },
    async () => {
      const { tenant, path } = await five();
      const integrator = log.startIntegrator();
      await log.append(tenant);
      await log.settled();
      const before = await readFile(path, "utf8");
      await alter(
        `update audit.tiles set hashes = sha256('x') || substring(hashes from 33) where level = 0`,
      );
      await log.append(tenant);
      const said = await refusalOf(integrator);
      expect(await readFile(path, "utf8")).toBe(before);
      return said;
    },
  );
});

describe("the database refuses to rewrite the log, for every login that may write to it", () => {
  const tables = ["entries", "leaves", "trees", "tiles", "checkpoints", "logs"];
  const statements = tables.flatMap((table) => [
    `delete from audit.${table}`,
    `truncate audit.${table} cascade`,
  ]);
  statements.push(
    "update audit.entries set entry = ''",
    "update audit.leaves set index = index + 1000",
    "update audit.trees set root = sha256('')",
    "update audit.checkpoints set note = ''",
    "update audit.tiles set hashes = sha256('')",
    "update audit.tiles set hashes = sha256('') || hashes",
    "update audit.logs set origin = 'another.example'",
  );

  test("the owner, the integrator and the application", async () => {
    const tenant = await log.newTenant();
    await log.append(tenant, 3);
    log.startIntegrator();
    await log.settled();
    for (const role of ["sealdesk_owner", "sealdesk_integrator", "sealdesk_app"])
      for (const statement of statements) {
        const attempt = database.owner.query(
          `begin; set local role ${role}; select set_config('sealdesk.tenant', '${tenant}', true); ${statement}`,
        );
        await expect(attempt).rejects.toThrow(
          role === "sealdesk_owner"
            ? /cannot be changed or shortened/
            : /permission denied|cannot be changed or shortened/,
        );
        await database.owner.query("rollback");
      }
    expect(await log.verify(logOf(tenant))).toHaveLength(3);
  });

  test("the application writes only entries of its own tenant", async () => {
    const tenant = await log.newTenant();
    const refused = (statement: string) =>
      expect(log.asLog(logOf(tenant), (client) => client.query(statement))).rejects.toThrow(
        /permission denied|row-level security/,
      );
    await refused(
      "insert into audit.pending (entry, log, leaf_hash) values (1, gen_random_uuid(), '')",
    );
    await refused("delete from audit.pending");
    await refused("insert into audit.logs (id, origin) values (gen_random_uuid(), 'x')");
    await refused(`insert into audit.entries (tenant, entry) values ('${OPERATOR_LOG}', 'x')`);
    await refused("insert into audit.entries (tenant, entry) values (gen_random_uuid(), 'x')");
    await expect(
      log.asLog(OPERATOR_LOG, (client) =>
        client.query(`insert into audit.entries (tenant, entry) values ('${OPERATOR_LOG}', 'x')`),
      ),
    ).rejects.toThrow(/row-level security/);
  });
});
