import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { entryOf, openAuditLog, OPERATOR_LOG, type TestAuditLog } from "../../support/audit-log.ts";
import { logOf, nilId, type TenantId } from "../../../crypto/wire/ids.ts";

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

/** Numbers that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("two integrators that are interrupted repeatedly, 16 writers, rollbacks: no entry is lost or duplicated, and there is no gap", async () => {
  const tenants = [await log.newTenant(), await log.newTenant(), await log.newTenant()];
  const committed = new Map(tenants.map((tenant) => [tenant, new Set<string>()]));
  const random = seeded(7);
  const writing = new AbortController();
  const writer = async (name: number) => {
    for (let turn = 0; turn < 40; turn++) {
      const tenant = tenants[Math.floor(random() * tenants.length)] ?? nilId<TenantId>();
      const count = 1 + Math.floor(random() * 4);
      const ids = Array.from({ length: count }, (_, at) => `${name}-${turn}-${at}`);
      const fails = random() < 0.2;
      await inTransaction(database.pool, tenant, async (client) => {
        for (const id of ids)
          await appendEntry(client, { ...entryOf(tenant, turn), resource: { type: "tenant", id } });
        if (fails) throw new Error("rolled back on purpose");
      }).then(
        () => ids.forEach((id) => committed.get(tenant)?.add(id)),
        () => undefined,
      );
    }
  };
  log.startIntegrator();
  log.startIntegrator();
  const cutOff = async () => {
    while (!writing.signal.aborted) {
      await database.owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'sealdesk-audit' and datname = current_database()`,
      );
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  const cutting = cutOff();
  await Promise.all(Array.from({ length: 16 }, (_, name) => writer(name)));
  writing.abort();
  await cutting;
  await log.settled();
  for (const [tenant, ids] of committed) {
    const found = (await log.verify(logOf(tenant))).map(
      (entry) => (JSON.parse(entry) as { resource: { id: string } }).resource.id,
    );
    expect(found).toHaveLength(ids.size);
    expect(new Set(found)).toEqual(ids);
  }
  await log.verify(OPERATOR_LOG);
});

describe("killed processes", () => {
  const program = fileURLToPath(new URL("../../support/integrator-process.mjs", import.meta.url));
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
  });

  test("leave a log that the next one continues", async () => {
    const tenant = await log.newTenant();
    for (let round = 0; round < 5; round++) {
      const child = fork(program, [database.ownerUrl, log.folder], { stdio: "inherit" });
      children.push(child);
      await once(child, "message");
      const writing = Promise.all(
        Array.from({ length: 4 }, async () => {
          for (let at = 0; at < 25; at++) await log.append(tenant, 2);
        }),
      );
      // At some moment during the writing, a different one in each round.
      await new Promise((resolve) => setTimeout(resolve, 20 + round * 17));
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      await writing;
    }
    const child = fork(program, [database.ownerUrl, log.folder], { stdio: "inherit" });
    children.push(child);
    await log.settled();
    const { rows } = await database.owner.query(
      "select count(*)::int as entries, count(distinct entry)::int as distinct from audit.leaves where log = $1",
      [tenant],
    );
    expect(rows).toEqual([{ entries: 1000, distinct: 1000 }]);
  });
});
