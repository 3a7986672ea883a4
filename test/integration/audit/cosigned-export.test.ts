import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPERATOR_LOG } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { cosignedAt } from "../../../audit/verify/cosignature.ts";
import { formatVkey, parseNote } from "../../../audit/verify/note.ts";
import { parseTlogProof } from "../../../audit/verify/tlog-proof.ts";
import { archiveCommand } from "../../../cli/commands/audit/archive.ts";
import { exportLog } from "../../../cli/commands/audit/export.ts";
import { withLog } from "../../../cli/commands/audit/open-log.ts";
import { proveEntry } from "../../../cli/commands/audit/prove.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import type { Settings } from "../../../cli/settings.ts";
import { TestDevice } from "../../support/device.ts";
import { operatorSettings } from "../../support/operator-settings.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { startWitness, type TestWitness } from "../../support/witness-server.ts";

let server: TestServer;
let witness: TestWitness;
let folder: string;
let settings: Settings;
let vkey: string;
let policy: string;

const metrics = { host: "127.0.0.1", port: 0 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-cosigned-"));
  witness = await startWitness();
  const audit = {
    originPrefix: "sealdesk.local",
    checkpoints: { kind: "directory", folder: join(folder, "checkpoints") },
    witnesses: [witness],
    publication: { quorum: 0, witnesses: [] },
    restoreApprovers: [],
    sinks: { sinks: [], required: 0 },
  } as const;
  server = await startTestServer({ audit, metrics }, { cosignEveryMs: 20 });
  settings = operatorSettings(server, { audit });
  await until(async () => (await count("checkpoints", server.tenant.id)) > 0);
  const key = await withLog(settings, choice(), (log) => Promise.resolve(log.key));
  vkey = formatVkey(nodeChecks.sha256, key);
  policy = join(folder, "policy");
  await writeFile(policy, `witness w ${formatVkey(nodeChecks.sha256, witness.key)}\nquorum w\n`);
});

afterAll(async () => {
  await server.close();
  await witness.close();
  await rm(folder, { recursive: true, force: true });
});

const choice = () => ({ tenant: server.tenant.slug });
const count = async (table: "checkpoints" | "cosignatures", log: string) => {
  const { rows } = await server.database.owner.query<{ count: number }>(
    `select count(*)::int as count from audit.${table} where log = $1`,
    [log],
  );
  return rows[0]?.count ?? 0;
};

test("a witness that does not know the logs is reported once for each log, and counted", async () => {
  const failures = async () =>
    /^sealdesk_audit_witness_failures_total\{witness="witness.example",code="unknown_log"\} (\d+)$/m.exec(
      await server.scrape(),
    )?.[1];
  await until(async () => Number(await failures()) > 4);
  const lines = server
    .logged()
    .split("\n")
    .filter((line) => line.includes("not cosigned") && line.includes(server.tenant.slug));
  expect(lines).toHaveLength(1);
  await expect(
    exportLog(settings, { ...choice(), format: "tiles", out: join(folder, "x"), cosigned: "1" }),
  ).rejects.toThrow(/no head that this many witnesses cosigned/);
});

test("an auditor gets heads that the witness cosigned, and checks them with a policy", async () => {
  witness.logs.push(await withLog(settings, choice(), (log) => Promise.resolve(log.key)));
  await until(async () => (await count("cosignatures", server.tenant.id)) > 0);
  const out = join(folder, "export");
  await exportLog(settings, { ...choice(), format: "tiles", out, cosigned: "1" });
  expect(await verifyFiles(out, { vkey, policy })).toMatch(/cosigned by w\.$/);
  await proveEntry(settings, { ...choice(), index: "0", out: join(folder, "one"), cosigned: "1" });
  const entry = join(folder, "one.entry");
  const one = join(folder, "one.tlog-proof");
  expect(await verifyFiles(one, { vkey, entry, policy })).toMatch(/cosigned by w\.$/);
  await proveEntry(settings, { ...choice(), index: "0", out: join(folder, "bare") });
  const bare = join(folder, "bare.tlog-proof");
  const text = await readFile(bare, "utf8");
  await writeFile(bare, text.replace(/^\u2014 witness.example .*\n/mu, ""));
  expect(await verifyFiles(bare, { vkey, entry })).toMatch(/^Verified/);
  await expect(verifyFiles(bare, { vkey, entry, policy })).rejects.toMatchObject({
    code: "quorum_missing",
  });
  const proof = parseTlogProof(await readFile(join(folder, "one.tlog-proof"), "utf8"));
  expect(cosignedAt(nodeChecks, parseNote(proof.checkpoint), witness.key)).toBeDefined();
  expect(await server.scrape()).toMatch(
    /^sealdesk_audit_cosignatures_total\{witness="witness.example"\} [1-9]/m,
  );
  expect(await server.scrape()).toMatch(/^sealdesk_audit_witness_disagrees 0$/m);
});

test("an HTTP reader gets the newest head, with its cosignature once there is one", async () => {
  const auditor = new TestDevice(server);
  await auditor.signInAsStaff(await server.createStaff("auditor"));
  const path = "/v1/audit/log/checkpoint";
  await until(async () => {
    const answer = await fetch(`${server.url}${path}`, {
      headers: {
        dpop: auditor.proof("GET", path, { token: auditor.token }),
        authorization: `DPoP ${auditor.token}`,
      },
    });
    expect(answer.status).toBe(200);
    return cosignedAt(nodeChecks, parseNote(await answer.text()), witness.key) !== undefined;
  });
});

test("an archive takes the existing cosignatures and asks for no second one", async () => {
  // Waits until nothing is pending that would make a newer head meanwhile.
  await until(async () => {
    const { rows } = await server.database.owner.query<{ settled: boolean }>(
      `select not exists (select from audit.pending) and exists (
         select from audit.cosignatures
         where log = $1 and size = (select max(size) from audit.trees where log = $1)
       ) as settled`,
      [server.tenant.id],
    );
    return rows[0]?.settled === true;
  });
  const out = join(folder, "archive");
  const asked = `${formatVkey(nodeChecks.sha256, witness.key)}@${witness.url}`;
  const said = await archiveCommand(settings, {
    ...choice(),
    out,
    region: "",
    retainDays: "1",
    witness: [asked],
  });
  expect(said).toMatch(/1 witnesses cosigned\./);
  expect(await verifyFiles(out, { vkey, policy })).toMatch(/cosigned by w\.$/);
  expect(parseNote(await readFile(join(out, "checkpoint"))).signatures).toHaveLength(2);
});

test("a tenant's export can be compared with the operator's log, which a witness cosigned", async () => {
  const operator = { operator: true } as const;
  const key = await withLog(settings, operator, (log) => Promise.resolve(log.key));
  witness.logs.push(key);
  await until(async () => (await count("cosignatures", OPERATOR_LOG)) > 0);
  const out = join(folder, "operator");
  await exportLog(settings, { ...operator, format: "jsonl", out, cosigned: "1" });
  const lines = (await readFile(join(out, "entries.jsonl"), "utf8")).trim().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as { index: number; entry: string });
  const { index } = entries.findLast(({ entry }) => entry.startsWith(vkey.split("+")[0] ?? ""))!;
  const seen = join(folder, "seen");
  await proveEntry(settings, { ...operator, index: `${index}`, out: seen, cosigned: "1" });
  const of = { vkey: formatVkey(nodeChecks.sha256, key), entry: `${seen}.entry`, policy };
  expect(await verifyFiles(`${seen}.tlog-proof`, of)).toMatch(/cosigned by w\.$/);
  const whole = join(folder, "whole");
  await exportLog(settings, { ...choice(), format: "tiles", out: whole });
  expect(await verifyFiles(whole, { vkey, old: `${seen}.entry` })).toMatch(/^Verified/);
});

test("a head below which every entry was pruned is not exported", async () => {
  const { owner } = server.database;
  await owner.query("update audit.logs set minimum_index = 2560 where id = $1", [server.tenant.id]);
  for (const format of ["tiles", "jsonl"] as const) {
    const out = join(folder, `pruned-${format}`);
    await expect(exportLog(settings, { ...choice(), format, out, cosigned: "1" })).rejects.toThrow(
      /was pruned. Choose a later head/,
    );
  }
});
