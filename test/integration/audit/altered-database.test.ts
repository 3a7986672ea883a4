import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendEntry } from "../../../audit/append-entry.ts";
import { archiveCommand } from "../../../cli/commands/audit/archive.ts";
import { exportFormats, exportLog } from "../../../cli/commands/audit/export.ts";
import { proveEntry } from "../../../cli/commands/audit/prove.ts";
import { tailLog } from "../../../cli/commands/audit/tail.ts";
import type { Settings } from "../../../cli/settings.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { attackTest, saidBy } from "../../support/attack-test.ts";
import { entryOf } from "../../support/audit-log.ts";
import { entryAt, withoutTriggers } from "../../support/database-administrator.ts";
import { TestDevice } from "../../support/device.ts";
import { follow } from "../../support/follow-audit-log.ts";
import { operatorSettings } from "../../support/operator-settings.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let folder: string;
let settings: Settings;
let auditor: TestDevice;

beforeAll(async () => {
  server = await startTestServer({}, { checkEveryMs: 20 });
  folder = await mkdtemp(join(tmpdir(), "sealdesk-altered-"));
  settings = operatorSettings(server);
  await inTransaction(server.database.pool, server.tenant.id, async (client) => {
    for (let at = 0; at < 300; at++) await appendEntry(client, entryOf(server.tenant.id, at));
  });
  auditor = new TestDevice(server);
  await auditor.signInAsStaff(await server.createStaff("auditor"));
  await until(async () => (await sizes()).signed > 300);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function sizes() {
  const { rows } = await server.database.owner.query<{ signed: number }>(
    "select coalesce(max(size), 0)::int as signed from audit.checkpoints where log = $1",
    [server.tenant.id],
  );
  return { signed: rows[0]?.signed ?? 0 };
}

async function ready() {
  const answer = await fetch(`${server.url}/readyz`);
  return { status: answer.status, text: await answer.text() };
}
const isWhole = async () => (await ready()).text === '{"status":"ok"}';

/** What every way to read the log says: the code of the refusal, or undefined if it answers. */
async function readings(index: number, kind: string) {
  const { slug: tenant } = server.tenant;
  const said: Record<string, unknown> = {};
  const run = async (name: string, work: (out: string) => Promise<unknown>) => {
    const out = join(folder, `${kind}-${name}`);
    said[name] = await work(out).then(
      () => "read",
      (error: unknown) => [(error as { code?: string }).code, (error as Error).message],
    );
  };
  for (const format of exportFormats)
    await run(format, (out) => exportLog(settings, { tenant, format, out }));
  await run("prove", (out) => proveEntry(settings, { tenant, index: String(index), out }));
  await run("archive", (out) =>
    archiveCommand(settings, { tenant, out, region: "", retainDays: "1" }),
  );
  await run("tail", () => tailLog(settings, { tenant, lines: "1000" }, () => Promise.resolve()));
  for (const path of [
    "/v1/audit/entries?limit=500",
    "/v1/audit/log/tile/entries/000",
    `/v1/audit/disclosures?subject=${auditor.user}`,
  ]) {
    const { status, body } = await auditor.request("GET", path);
    said[path] = [body?.["code"], `${status} ${String(body?.["detail"])}`];
  }
  const followed = await follow(server, auditor, { after: 0 });
  const text = await followed.text();
  const event = /event: error\ndata: (.*)\n\n$/.exec(text)?.[1] ?? "{}";
  const { code, detail } = JSON.parse(event) as { code?: string; detail?: string };
  said["/v1/audit/tail"] = [code, detail];
  return said;
}

const WAYS = {
  altered: {
    statement: (entry: string) => `update audit.entries set entry = convert_to(replace(
      convert_from(entry, 'UTF8'), 'transcript.record', 'transcript.broken'), 'UTF8') where id = ${entry}`,
    what: "Entry 7 is not the one that was signed.",
  },
  removed: {
    statement: (entry: string) => `delete from audit.entries where id = ${entry}`,
    what: "Entry 7 was removed.",
  },
};

attackTest.each(
  {
    attempt: "A signed entry is altered or removed",
    foundBy: "whoever reads it, in every way to read; each node; `verify`",
    when: "reading",
    code: "audit_log_altered",
    says: "Put the row back from a backup, and find out who changed it: see docs/audit.md, “When the log was altered”.",
  },
  WAYS,
  async ({ statement, what }) => {
    const { database, tenant } = server;
    await until(isWhole);
    const entry = entryAt(tenant.id, 7);
    const { rows } = await database.owner.query<{ id: number; entry: Buffer }>(
      `select id, entry from audit.entries where id = ${entry}`,
    );
    const [row] = rows;
    const said = await saidBy(server, "audit_log_altered", () =>
      withoutTriggers(database, statement(entry)),
    );
    // Messages go on: every node finds the same, so nobody would be left to serve.
    expect(await ready()).toEqual({
      status: 200,
      text: JSON.stringify({ status: "ok", warnings: ["audit_log_altered"] }),
    });
    const name = what.replaceAll(/\W/g, "");
    const answers = Object.entries(await readings(7, name));
    expect(answers).toEqual(
      answers.map(([reading]) => [reading, ["audit_log_altered", expect.stringContaining(what)]]),
    );
    for (const format of exportFormats)
      expect(await readdir(join(folder, `${name}-${format}`))).toEqual([]);
    const archived = await readdir(join(folder, `${name}-archive`)).catch((): string[] => []);
    expect(archived.filter((file) => file === "checkpoint")).toEqual([]);
    await withoutTriggers(
      database,
      `delete from audit.entries where id = ${entry}`,
      `insert into audit.entries (id, tenant, entry) overriding system value
       values (${row?.id}, '${tenant.id}', '\\x${row?.entry.toString("hex")}')`,
    );
    await until(isWhole);
    expect((await auditor.request("GET", "/v1/audit/entries")).status).toBe(200);
    return said;
  },
);

attackTest.each(
  {
    attempt: "Entries are removed, and marked as pruned by hand",
    foundBy: "each node",
    when: "check",
    code: "audit_log_altered",
    says: "Put the row back from a backup, and find out who changed it: see docs/audit.md, “When the log was altered”.",
  },
  {
    "the counts of removed rows are explained": {
      mark: "removals = 1",
      remove: "false",
      told: "permits to remove 1 entries, but its entries declare 0",
    },
    "the beginning of the log": {
      mark: "minimum_index = 256",
      remove: "leaves.index < 256",
      told: "no entry declares that they were pruned",
    },
  },
  async ({ mark, remove, told }) => {
    const { database, tenant } = server;
    const marked = (change: string) => `update audit.logs set ${change} where id = '${tenant.id}'`;
    await until(isWhole);
    const said = await saidBy(server, "audit_log_altered", () =>
      withoutTriggers(
        database,
        marked(mark),
        `delete from audit.entries using audit.leaves
         where leaves.log = '${tenant.id}' and ${remove} and leaves.entry = entries.id`,
      ),
    );
    await withoutTriggers(database, marked("removals = 0"));
    expect(said.text).toContain(told);
    return said;
  },
);
